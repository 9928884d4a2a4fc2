"""`cnndsl fmt`: gives specs their one layout."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnndsl.cli.comparing import difference, present
from cnndsl.cli.console import CallError, Console
from cnndsl.cli.folders import spec_files
from cnndsl.diagnostics import Diagnostic
from cnndsl.files import Files, Unreadable
from cnndsl.format import format_source
from cnndsl.format.annotate import annotated
from cnndsl.source import Source
from cnndsl.syntax.decode import MAX_BYTES
from cnndsl.writing import Unwritable, write_all

STDIN = "-"


@dataclass(frozen=True)
class Layout:
    """A spec as it is and as it is to be; `path` is None for standard input."""

    name: str
    path: Path | None
    before: str
    after: str

    @property
    def changes(self) -> bool:
        return self.before != self.after


def run(arguments: Namespace, console: Console) -> int:
    layouts: list[Layout] = []
    diagnostics: list[Diagnostic] = []
    for name in spec_files(arguments.specs):
        made = _layout(name, arguments)
        if isinstance(made, Layout):
            layouts.append(made)
        else:
            diagnostics += made
    if diagnostics:
        console.diagnostics(diagnostics)
        return 1
    if arguments.check or arguments.diff:
        return _compare(layouts, arguments, console)
    changed = [each for each in layouts if each.changes and each.path]
    try:
        write_all({each.path: each.after for each in changed if each.path})
    except Unwritable as error:
        raise CallError(str(error)) from None
    for each in layouts:
        if each.path is None:
            console.module(each.after)
        elif each.changes:
            console.line(f"formatted {each.name}")
    if not changed and all(each.path for each in layouts):
        console.line(f"nothing to change in {_counted(layouts)}")
    return 0


def _layout(name: str, arguments: Namespace) -> Layout | Sequence[Diagnostic]:
    """The layout of one spec, or what is wrong with it."""
    if name == STDIN:
        called = arguments.stdin_filename or "<stdin>"
        files = Files(called, os.path.dirname(arguments.stdin_filename or ""))
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        source, diagnostics = files.put(data)
        path, before = None, data.decode("utf-8", "replace")
    else:
        called, path = name, Path(name)
        files = Files(name, os.path.dirname(name))
        try:
            source, diagnostics = files.open()
        except Unreadable as error:
            raise CallError(f"cannot read {name[:200]}: {error}") from None
        if not path.is_file():
            raise CallError(f"{name} is no regular file", "`-` formats standard input")
        before = present(path) or ""
    if source is None:
        return diagnostics
    result = format_source(source)
    if arguments.annotate and result.text is not None:
        result = annotated(Source(source.name, source.text), files.load)
    if result.text is None:
        return result.diagnostics
    return Layout(called, path, before, result.text)


def _compare(layouts: Sequence[Layout], arguments: Namespace, console: Console) -> int:
    changed = [each for each in layouts if each.changes]
    for each in changed:
        if arguments.diff:
            console.line(difference(each.name, each.before, each.after))
        if arguments.check:
            help = "" if each.path is None else f": run cnndsl fmt {each.name}"
            console.remark(f"{each.name} has another layout{help}")
    if arguments.check and not changed:
        console.line(f"{_counted(layouts)} in the one layout")
    return int(bool(changed))


def _counted(layouts: Sequence[Layout]) -> str:
    return f"{len(layouts)} spec{'s' * (len(layouts) != 1)}"
