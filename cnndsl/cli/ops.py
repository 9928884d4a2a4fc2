"""`cnndsl ops`: what the ops of the language take and do."""

from __future__ import annotations

from argparse import Namespace

from cnndsl.cli.console import CallError, Console
from cnndsl.ops import MERGES, OPS, SOURCES
from cnndsl.ops.document import describe, overview
from cnndsl.suggest import did_you_mean


def run(arguments: Namespace, console: Console) -> int:
    name = arguments.name
    if name is None:
        console.line(overview().rstrip("\n"))
        return 0
    entry = OPS.get(name) or SOURCES.get(name) or (type(MERGES[name]) if name in MERGES else None)
    if entry is None:
        help = did_you_mean(name, {*OPS, *SOURCES, *MERGES}) or "`cnndsl ops` lists them"
        raise CallError(f"there is no op `{name[:60]}`", help)
    console.line(describe(entry).rstrip("\n"))
    return 0
