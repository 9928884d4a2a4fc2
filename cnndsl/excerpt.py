"""The lines of a spec that a diagnostic shows, cut to a width, and where its marks fall in them.

Columns are those of a terminal: a tab is one, a wide East Asian character two, an escaped
control character as many as its escape has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from unicodedata import category, combining, east_asian_width

from cnndsl.source import Source, Span

WIDTH = 100  # columns of source text
CONTEXT = 20  # columns kept before the first mark of a line that is cut

_INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"])
_STRING_OR_COMMENT = re.compile(r'("[^"\n]*")|#[^\n]*')


@dataclass(frozen=True, slots=True)
class Mark:
    """What to underline, and the words beside it."""

    span: Span
    text: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Pointer:
    """A mark under a row: columns from 0."""

    start: int
    length: int
    text: str
    primary: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the source as shown; `last` is where what it shows ends."""

    line: int
    last: int
    text: str
    pointers: tuple[Pointer, ...] = ()
    follows_gap: bool = False


def rows(source: Source, marks: Sequence[Mark]) -> list[Row]:
    """The rows for all marks, by line; a single line between two rows is shown too."""
    found: list[Row] = []
    for row in _marked(source, marks):
        if found:
            gap = row.line - found[-1].last
            if gap == 2:
                between = row.line - 1
                found.append(Row(between, between, _cut(source.lines[between - 1], 0)[0]))
            row = replace(row, follows_gap=gap > 2)
        found.append(row)
    return found


def _marked(source: Source, marks: Sequence[Mark]) -> Iterator[Row]:
    by_line: dict[int, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: (mark.span.start, mark.span.end)):
        by_line.setdefault(mark.span.line, []).append(mark)
    for line, here in sorted(by_line.items()):
        if len(here) == 1 and _last_line(here[0].span) > line:
            yield _folded(source, line, here[0])
        else:
            yield from _plain(source, line, here)


def _plain(source: Source, line: int, marks: list[Mark]) -> Iterator[Row]:
    """A line with its marks; once more for each that is too far to the right to fit in."""
    text = source.lines[line - 1]
    while marks:
        columns = [_columns(source, line, mark) for mark in marks]
        reach = columns[0][0] + WIDTH - 2 * CONTEXT
        fits = sum(stop <= reach for _, stop in columns) if len(text) > WIDTH else len(marks)
        fits = max(1, fits)
        yield _row(line, line, text, list(zip(marks[:fits], columns[:fits], strict=True)))
        marks = marks[fits:]


def _folded(source: Source, line: int, mark: Mark) -> Row:
    """Text of several lines as one: its first and its last part."""
    start, _ = _columns(source, line, mark)
    text = source.lines[line - 1][:start] + fold(mark.span.text)
    return _row(line, _last_line(mark.span), text, [(mark, (start, len(text)))])


def _row(line: int, last: int, text: str, marks: list[tuple[Mark, tuple[int, int]]]) -> Row:
    shown, skipped = _cut(text, marks[0][1][0])
    pointers = []
    for mark, (start, stop) in marks:
        left = max(0, start - skipped)
        right = min(max(stop - skipped, left + 1), max(len(shown), left + 1))
        before, under = columns(shown[:left]), columns(shown[left:right])
        pointers.append(Pointer(before, max(1, under), mark.text, mark.primary))
    return Row(line, last, clean(shown), tuple(pointers))


def _cut(text: str, focus: int) -> tuple[str, int]:
    """At most `WIDTH` characters of a line around an offset, and how far they are shifted."""
    if len(text) <= WIDTH:
        return text, 0
    left = max(0, min(focus - CONTEXT, len(text) - WIDTH)) if focus > WIDTH - CONTEXT else 0
    shown = text[left : left + WIDTH]
    if left:
        shown = "…" + shown[1:]
    if left + WIDTH < len(text):
        shown = shown[:-1] + "…"
    return shown, left


def _columns(source: Source, line: int, mark: Mark) -> tuple[int, int]:
    """Offsets of a mark in its first line, from 0; to its end where it goes on below."""
    _, column = source.position(mark.span.start)
    end_line, end_column = source.position(mark.span.end)
    stop = end_column - 1 if end_line == line else len(source.lines[line - 1])
    return column - 1, stop


def _last_line(span: Span) -> int:
    return span.source.position(max(span.start, span.end - 1))[0]


# --- folding --------------------------------------------------------------------------


def fold(text: str) -> str:
    """`conv(8, 3) -> … -> bn` of a chain, `{ … }` of a group: text of several lines in one."""
    bare = _STRING_OR_COMMENT.sub(lambda found: found.group(1) or "", text[: 100 * WIDTH])
    if len(text) > 100 * WIDTH:
        bare += "\n" + text[-WIDTH:]
    parts = list(_elements(bare))
    if len(parts) > 2:
        parts = [parts[0], "…", parts[-1]]
    return " -> ".join(_in_one_line(part) for part in parts)


def _elements(text: str) -> Iterator[str]:
    """A chain's elements: what stands between the arrows outside of all brackets."""
    depth, start = 0, 0
    for found in re.finditer(r"->|[\[({]|[\])}]", text):
        token = found.group()
        if token != "->":
            depth += 1 if token in "[({" else -1
        elif depth == 0:
            yield text[start : found.start()]
            start = found.end()
    yield text[start:]


def _in_one_line(text: str) -> str:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if len(lines) < 2:
        return lines[0] if lines else "…"
    return f"{lines[0]} … {lines[-1]}"


# --- characters -----------------------------------------------------------------------


def clean(text: str) -> str:
    """The text with whatever is invisible or moves the cursor escaped; a tab is a space."""
    return text if text.isascii() and text.isprintable() else "".join(_cells(text))


def columns(text: str) -> int:
    """How many columns of a terminal `clean(text)` takes."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(map(_width, "".join(_cells(text))))


def _cells(text: str) -> Iterable[str]:
    for char in text:
        if char in " \t":
            yield " "
        elif category(char) in _INVISIBLE:
            code = ord(char)
            yield f"\\x{code:02x}" if code < 0x100 else f"\\u{{{code:x}}}"
        else:
            yield char


def _width(char: str) -> int:
    if combining(char) or category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
