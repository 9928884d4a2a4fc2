"""Times a cold `cnndsl check` against importing the two libraries it is built on.

    python benchmarks/cold_check.py [--pairs 15] [--json]

Both sides start a fresh interpreter, in turns, so that whatever else the machine does hits them
alike; the figure is the median of the ratios of neighbours. Exits with 1 past a target.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
BASELINE = [sys.executable, "-c", "import lark, jinja2"]
RATIO_TARGET = 2.0
ALL_SPECS_TARGET = 1.0  # seconds


def seconds(command: list[str]) -> float:
    """The wall-clock time of a command that must succeed."""
    start = time.perf_counter()
    subprocess.run(command, cwd=ROOT, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    return time.perf_counter() - start


def paired_medians(command: list[str], baseline: list[str], pairs: int) -> tuple[float, float]:
    """The median time of `command` in seconds, and of its ratio to `baseline` run next to it."""
    seconds(command), seconds(baseline)  # bytecode and page cache
    times, ratios = [], []
    for _ in range(pairs):
        reference = seconds(baseline)
        times.append(seconds(command))
        ratios.append(times[-1] / reference)
    return statistics.median(times), statistics.median(ratios)


def measure(pairs: int) -> list[dict[str, object]]:
    """One row per figure: what was measured, its value, its target and whether it is met."""
    cnndsl = shutil.which("cnndsl", path=str(Path(sys.executable).parent))
    if cnndsl is None:
        sys.exit("error: this interpreter has no cnndsl beside it: pip install .")
    specs = sorted(str(path.relative_to(ROOT)) for path in ROOT.glob("specs/*.cnn"))

    one, ratio = paired_medians([cnndsl, "check", "specs/vgg16.cnn"], BASELINE, pairs)
    every, _ = paired_medians([cnndsl, "check", *specs], BASELINE, pairs)
    return [
        row("cold check of vgg16.cnn (s)", one, None),
        row("its ratio to importing lark and jinja2", ratio, RATIO_TARGET),
        row(f"cold check of all {len(specs)} specs (s)", every, ALL_SPECS_TARGET),
    ]


def row(figure: str, value: float, target: float | None) -> dict[str, object]:
    met = target is None or value <= target
    return {"figure": figure, "value": round(value, 3), "target": target, "met": met}


def main() -> None:
    parser = argparse.ArgumentParser(description="Times a cold `cnndsl check`.")
    parser.add_argument("--pairs", type=int, default=15, help="runs of each side (default: 15)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()

    figures = measure(options.pairs)
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        table = Table("figure", "median", "target", title=f"{options.pairs} pairs")
        for each in figures:
            target = "" if each["target"] is None else f"≤ {each['target']:g}"
            style = None if each["met"] else "red"
            table.add_row(str(each["figure"]), f"{each['value']:.3f}", target, style=style)
        Console().print(table)
    if not all(each["met"] for each in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
