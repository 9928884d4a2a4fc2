"""Diagnostics as text for a terminal and as plain data for editors.

The only module that draws a caret. Text of a spec is untrusted: control characters are
escaped and everything has a longest form, so that no spec can drive or flood a terminal.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from cnndsl.diagnostics import LIMIT, Diagnostic, Label, Severity
from cnndsl.excerpt import Mark, Row, clean, rows
from cnndsl.source import Source, Span

if TYPE_CHECKING:
    from cnndsl.plain import Json

LONGEST = 1_000  # characters of a message, a note or a help
LONGEST_LABEL = 200
TABLE_ROWS = 40
PLACES = 12  # that one diagnostic shows

_BOLD, _RED, _YELLOW, _BLUE, _CYAN = "1", "1;31", "1;33", "1;34", "1;36"


class Paint:
    """Colours text, or leaves it as it is."""

    def __init__(self, color: bool):
        self.color = color

    def __call__(self, style: str, text: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and text else text


def render_all(diagnostics: Sequence[Diagnostic], color: bool = False) -> str:
    """At most `LIMIT` diagnostics, a blank line after each, and how many there are.

    A table that several share is shown with the last of them.
    """
    shown = []
    for diagnostic, following in zip_longest(diagnostics[:LIMIT], diagnostics[1:LIMIT]):
        if following is not None and following.table == diagnostic.table:
            diagnostic = replace(diagnostic, table=None)
        shown.append(render(diagnostic, color))
    more = len(diagnostics) - LIMIT
    if more > 0:
        shown.append(f"… and {more} more\n")
    return "\n".join([*shown, count_text(diagnostics) + "\n"])


def count_text(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors in specs/vgg16.cnn`."""
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    parts = [_counted(errors, "error"), _counted(len(diagnostics) - errors, "warning")]
    counted = " and ".join(part for part in parts if part)
    files = list(dict.fromkeys(d.primary.span.source.name for d in diagnostics if d.primary))
    if not files:
        return counted
    where = " and ".join(clean(name) for name in files) if len(files) < 3 else f"{len(files)} files"
    return f"{counted} in {where}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}" if number else ""


def render(diagnostic: Diagnostic, color: bool = False) -> str:
    """One diagnostic; several lines, each ended by a newline."""
    paint = Paint(color)
    loud = _RED if diagnostic.severity is Severity.ERROR else _YELLOW
    title = f"{diagnostic.severity.value}[{diagnostic.code}]"
    lines = [paint(loud, title) + paint(_BOLD, ": " + _clip(diagnostic.message))]
    excerpts = list(_excerpts(diagnostic))
    width = max((len(str(row.line)) for _, found in excerpts for row in found), default=1)
    bar = paint(_BLUE, " " * width + " |")
    for index, (place, found) in enumerate(excerpts):
        arrow = "-->" if index == 0 else ":::"
        lines.append(f"{' ' * width}{paint(_BLUE, arrow)} {place}")
        lines.append(bar)
        lines += _draw(found, width, paint, loud)
    lines += _remarks(diagnostic, width, paint, bar if excerpts else None)
    return "\n".join(lines) + "\n"


def _excerpts(diagnostic: Diagnostic) -> Iterable[tuple[str, list[Row]]]:
    """Per source, the primary's first: where it is, and its rows."""
    if diagnostic.primary is None:
        return
    marks: dict[Source, list[Mark]] = {}
    for label in (diagnostic.primary, *_few(diagnostic.labels)):
        text = _clip(label.text, LONGEST_LABEL)
        mark = Mark(label.span, text, label is diagnostic.primary)
        marks.setdefault(label.span.source, []).append(mark)
    for source, found in marks.items():
        line, column = source.position(found[0].span.start)
        yield f"{clean(source.name)}:{line}:{column}", rows(source, found)


def _few(labels: tuple[Label, ...]) -> tuple[Label, ...]:
    """The first ones and the last, which is the instance, where there are many."""
    return labels if len(labels) <= PLACES else (*labels[: PLACES - 1], labels[-1])


def _draw(found: list[Row], width: int, paint: Paint, loud: str) -> Iterable[str]:
    bar = paint(_BLUE, " " * width + " |")
    for row in found:
        if row.follows_gap:
            yield paint(_BLUE, "...")
        yield f"{paint(_BLUE, f'{row.line:{width}} |')} {row.text}".rstrip()
        for pointer in row.pointers:
            style, sign = (loud, "^") if pointer.primary else (_BLUE, "-")
            drawn = paint(style, f"{sign * pointer.length} {pointer.text}".rstrip())
            yield f"{bar} {' ' * pointer.start}{drawn}"


def _remarks(diagnostic: Diagnostic, width: int, paint: Paint, bar: str | None) -> list[str]:
    """Notes, the table and the help, under the excerpt."""
    indent = " " * (width + 1)
    equals = indent + paint(_BLUE, "=")
    lines = [f"{equals} {paint(_BOLD, 'note')}: {_clip(note)}" for note in diagnostic.notes]
    if diagnostic.table:
        if lines:
            lines.append(indent)
        table = [f"{indent}  {clean(line)}" for line in _short(diagnostic.table.split("\n"))]
        lines += [line.rstrip() for line in table]
    if diagnostic.help:
        if diagnostic.table:
            lines.append("")
        lines.append(f"{equals} {paint(_CYAN, 'help')}: {_clip(diagnostic.help)}")
    if lines and bar:
        lines.insert(0, bar)
    return [line.rstrip() for line in lines]


def _short(table: list[str]) -> list[str]:
    """A table with the rows in its middle left out where it is long."""
    if len(table) <= TABLE_ROWS:
        return table
    left_out = f"… {len(table) - TABLE_ROWS:,} more rows"
    return [*table[: TABLE_ROWS - 4], left_out, *table[-4:]]


def _clip(text: str, longest: int = LONGEST) -> str:
    return clean(text if len(text) <= longest else text[: longest - 1] + "…")


def as_json(diagnostic: Diagnostic) -> dict[str, Json]:
    """The diagnostic as plain data; lines and columns from 1, the end exclusive.

    `label` are the words beside the place, `labels` other places with theirs, `fixes` the edits
    that `help` is, where it is one; a table is a note here.
    """
    from cnndsl.fixes import fixes

    notes = [_clip(note) for note in diagnostic.notes]
    if diagnostic.table:
        notes.append("\n".join(_short(diagnostic.table.split("\n"))))
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity.value,
        "message": _clip(diagnostic.message),
        **_range(diagnostic.primary.span if diagnostic.primary else None),
        "label": _clip(diagnostic.primary.text) if diagnostic.primary else "",
        "labels": [
            {**_range(label.span), "text": _clip(label.text)} for label in _few(diagnostic.labels)
        ],
        "notes": notes,
        "help": _clip(diagnostic.help) if diagnostic.help else None,
        "fixes": [{**_range(fix.span), "text": fix.text} for fix in fixes(diagnostic)],
    }


def _range(span: Span | None) -> dict[str, Json]:
    line, column = span.source.position(span.start) if span else (None, None)
    end_line, end_column = span.source.position(span.end) if span else (None, None)
    return {
        "file": span.source.name if span else None,
        "line": line,
        "column": column,
        "end_line": end_line,
        "end_column": end_column,
    }


def complaint(message: str, help: str | None = None, color: bool = False) -> str:
    """What is wrong with a call, in the style of a diagnostic: a line, and one with help."""
    paint = Paint(color)
    text = paint(_RED, "error") + paint(_BOLD, ": " + _clip(message)) + "\n"
    return text + (f"{paint(_CYAN, 'help')}: {_clip(help)}\n" if help else "")
