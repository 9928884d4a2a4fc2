"""The comments that become docstrings: the file's first one, and those above definitions."""

from __future__ import annotations

from cnndsl.source import Source


def file_doc(source: Source) -> str | None:
    """The comment that a file begins with; None where it begins with anything else."""
    lines = []
    for line in source.lines[_first_line(source) :]:
        if not _is_comment(line):
            break
        lines.append(_content(line))
    return "\n".join(lines) if lines else None


def definition_doc(source: Source, start: int) -> str | None:
    """The comment lines right above the definition that begins at `start`.

    The comment that a file begins with is the file's alone.
    """
    row = source.position(start)[0] - 1
    first = row
    while first > 0 and _is_comment(source.lines[first - 1]):
        first -= 1
    if first == row or first == _first_line(source):
        return None
    return "\n".join(_content(line) for line in source.lines[first:row])


def _first_line(source: Source) -> int:
    """The index of the first line that is not blank."""
    for index, line in enumerate(source.lines):
        if line.strip():
            return index
    return len(source.lines)


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _content(line: str) -> str:
    text = line.lstrip()[1:]
    return text[1:] if text[:1] in (" ", "\t") else text
