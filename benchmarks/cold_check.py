"""Times a cold `cnndsl check` against importing the two libraries it is built on.

    python benchmarks/cold_check.py [--pairs 15] [--json] [--output FILE]

Both sides start a fresh interpreter, in turns, so that whatever else the machine does hits them
alike; the figure is the median of the ratios of neighbours. Exits with 1 past a target.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

from measuring import cnndsl, machine, processor_seconds, report, row, seconds, specs
from rich.console import Console
from rich.table import Table

BASELINE = [sys.executable, "-c", "import lark, jinja2"]
RATIO_TARGET = 2.0
ALL_SPECS_TARGET = 1.0  # seconds


def paired_medians(command: list[str], baseline: list[str], pairs: int) -> tuple[float, float]:
    """The median time of `command` in seconds, and of its ratio to `baseline` run next to it."""
    seconds(command), seconds(baseline)  # byte code and page cache
    times, ratios = [], []
    for _ in range(pairs):
        reference = seconds(baseline)
        times.append(seconds(command))
        ratios.append(times[-1] / reference)
    return statistics.median(times), statistics.median(ratios)


def measure(pairs: int) -> list[dict[str, object]]:
    """One row per figure: what was measured, its value, its target and whether it is met."""
    names = specs()
    one, ratio = paired_medians([*cnndsl(), "check", "specs/vgg16.cnn"], BASELINE, pairs)
    every, _ = paired_medians([*cnndsl(), "check", *names], BASELINE, pairs)
    work = statistics.median(processor_seconds([*cnndsl(), "check", *names]) for _ in range(pairs))
    return [
        row("cold check of vgg16.cnn (s)", one, None),
        row("its ratio to importing lark and jinja2", ratio, RATIO_TARGET),
        row(f"cold check of all {len(names)} specs (s)", every, ALL_SPECS_TARGET),
        row("its processor time (s)", work, ALL_SPECS_TARGET),
    ]


def show(figures: list[dict[str, object]], pairs: int) -> None:
    table = Table("figure", "median", "target", title=f"{pairs} pairs")
    for each in figures:
        target = "" if each["target"] is None else f"≤ {each['target']:g}"
        style = None if each["met"] else "red"
        table.add_row(str(each["figure"]), f"{each['value']:.3f}", target, style=style)
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description="Times a cold `cnndsl check`.")
    parser.add_argument("--pairs", type=int, default=15, help="runs of each side (default: 15)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the JSON to a file")
    options = parser.parse_args()

    figures = measure(options.pairs)
    if options.json or options.output:
        about = machine("lark", "jinja2")
        report({"machine": about, "pairs": options.pairs, "figures": figures}, options.output)
    if not options.json:
        show(figures, options.pairs)
    if not all(each["met"] for each in figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
