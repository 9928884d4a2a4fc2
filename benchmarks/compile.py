"""Times compiling: one spec again in a warm process, the whole zoo cold, and how it grows.

    python benchmarks/compile.py [--runs 5] [--output FILE]

Times are the processor's. Growth is what each further line takes, where a spec has twice and four
times as many: 1 if a compile is linear. Exits with 1 past a target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from measuring import ROOT, cnndsl, machine, processor_seconds, report, row, specs

WARM_TARGET = 0.060  # seconds
GROWTH_TARGET = 1.5
LINES = 200  # four times as many are nearly as much as a module may be made of

GROWING = {
    "lines": "conv(8, 3) -> bn -> relu\n",
    "sums": "add [ here, conv(8, 3) ]\n",
    "endpoints": "stage s{} {{ conv(8, 3) }}\n",
    "bindings": "x{} = conv(8, 3)\n",
}


def least(function: Callable[[], object], runs: int) -> float:
    """The least processor time that a function takes, in seconds, after a first call."""
    function()
    times = []
    for _ in range(runs):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return min(times)


def growing(line: str, count: int) -> str:
    body = "".join(line.format(number) for number in range(count))
    return f"model Net {{\ninput 32x32x3\nconv(8, 3)\n{body}}}\n"


def growth(line: str, runs: int) -> float:
    """How many times as long a line takes, at most, where there are more of them."""
    import cnndsl as library

    def seconds(count: int) -> float:
        text = growing(line, count)
        assert not library.compile(text).diagnostics
        return least(lambda: library.compile(text).code, runs) / count

    first = seconds(LINES)
    return max(seconds(2 * LINES), seconds(4 * LINES)) / first


def measure(runs: int) -> list[dict[str, object]]:
    """One row per figure: what was measured, its value, its target and whether it is met."""
    import cnndsl as library

    vgg16 = (ROOT / "specs/vgg16.cnn").read_text(encoding="utf-8")
    warm = least(lambda: library.compile(vgg16, filename="vgg16.cnn").code, 3 * runs)
    with tempfile.TemporaryDirectory() as folder:
        command = [*cnndsl(), "compile", *specs(), "-o", folder]
        processor_seconds(command)  # byte code and page cache
        cold = statistics.median(processor_seconds(command) for _ in range(runs))
    found = [
        row("warm compile of vgg16.cnn (s)", warm, WARM_TARGET),
        row(f"cold compile of all {len(specs())} specs (s)", cold, None),
    ]
    for what, line in GROWING.items():
        title = f"growth of a line's time to {4 * LINES:,} lines: {what}"
        found.append(row(title, growth(line, max(runs // 2, 1)), GROWTH_TARGET))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="Times compiling.")
    parser.add_argument("--runs", type=int, default=5, help="runs of each (default: 5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON to a file")
    options = parser.parse_args()

    figures = measure(options.runs)
    about = machine("lark", "jinja2")
    report({"machine": about, "runs": options.runs, "figures": figures}, options.output)
    if not all(each["met"] for each in figures):
        sys.exit(1)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
