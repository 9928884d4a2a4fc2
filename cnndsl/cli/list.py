"""`cnndsl list`: the networks of the zoo, as a table or as JSON."""

from __future__ import annotations

import re
from argparse import Namespace
from typing import TYPE_CHECKING

from cnndsl.cli.console import CallError, Console
from cnndsl.suggest import ONCE, did_you_mean
from cnndsl.summary import macs_text
from cnndsl.zoo.index import Entry, input_text, list_models

if TYPE_CHECKING:
    from cnndsl.plain import Json

TITLES = ("model", "spec", "input", "params", "MACs", "source")
RIGHT = (3, 4)
_SMALLEST = "`cnndsl list` without options shows the counts and, as JSON, the tasks of all"


def run(arguments: Namespace, console: Console) -> int:
    entries = list_models(arguments.glob)
    if not entries:
        names = (entry.name for entry in list_models())
        help = did_you_mean(arguments.glob, names, ONCE) or "`cnndsl list` lists them all"
        raise CallError(f"no model of the zoo matches `{arguments.glob[:60]}`", help)
    entries = tuple(entry for entry in entries if _fits(entry, arguments))
    if not entries:
        raise CallError("no model of the zoo is that small, for that task", _SMALLEST)
    if arguments.json:
        console.data([as_json(entry) for entry in entries])
        return 0
    rows = [TITLES, *map(_cells, entries)]
    console.table(rows, RIGHT, wraps=len(TITLES) - 1, total=False)
    return 0


def _fits(entry: Entry, arguments: Namespace) -> bool:
    """Whether it is for the task, and has no more parameters and MACs than wanted."""
    if arguments.task not in (None, entry.task):
        return False
    limits = ((entry.params, arguments.max_params), (entry.macs, arguments.max_macs))
    return all(most is None or count <= most for count, most in limits)


def _cells(entry: Entry) -> tuple[str, ...]:
    size = input_text(entry.input, entry.inputs)
    macs = macs_text(entry.macs).removesuffix("MACs").rstrip()
    return entry.name, entry.spec, size, f"{entry.params:,}", macs, _short(entry.source)


def _short(source: str) -> str:
    """`He et al. 2015` of a citation in full."""
    authors, _, rest = source.partition(', "')
    years = re.findall(r"\b\d{4}\b", rest.rpartition('"')[2])
    return f"{authors} {years[0]}" if years else source


def as_json(entry: Entry) -> dict[str, Json]:
    """A model as plain data: sizes are lists, counts integers."""
    return {
        "name": entry.name,
        "task": entry.task,
        "spec": entry.spec,
        "input": list(entry.input),
        "inputs": {name: list(shape) for name, shape in entry.inputs.items()},
        "params": entry.params,
        "total": entry.total,
        "macs": entry.macs,
        "source": entry.source,
    }
