"""The comments that become docstrings: the file's first one, and those above definitions.

What silences warnings is no documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice, takewhile

from cnndsl.source import Source, Span

# Behind `#`, on a line of its own: of which codes the file has no warnings.
_IGNORING = re.compile(r"cnndsl: ignore(?: *,? *W\d+)* *")


def file_doc(source: Source) -> str | None:
    """The comment that a file begins with; None where it begins with anything else."""
    lines = islice(source.lines, source.first_line, None)
    return _text(takewhile(_is_comment, lines))


def definition_doc(source: Source, start: int) -> str | None:
    """The comment lines right above the definition that begins at `start`.

    The comment that a file begins with is the file's alone.
    """
    row = source.position(start)[0] - 1
    first = row
    while first > 0 and _is_comment(source.lines[first - 1]):
        first -= 1
    if first == row or first == source.first_line:
        return None
    return _text(source.lines[first:row])


def comment_above(span: Span) -> str:
    """The comment lines right above a statement that begins its line; "" for none."""
    row, column = span.source.position(span.start)
    row = first = row - 1
    if span.source.lines[row][: column - 1].strip():
        return ""
    while first > 0 and _is_comment(span.source.lines[first - 1]):
        first -= 1
    return _text(span.source.lines[first:row]) or ""


def _text(lines: Iterable[str]) -> str | None:
    """What comment lines say, if they say anything."""
    said = [_content(line) for line in lines]
    kept = [line for line in said if not _IGNORING.fullmatch(line)]
    return "\n".join(kept) if kept else None


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _content(line: str) -> str:
    text = line.strip()
    return text[2:] if text[1:2] in (" ", "\t") else text[1:]
