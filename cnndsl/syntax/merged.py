"""Conflicts that git left in a text."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.source import Source, Span

_MARKS = re.compile(r"^(<{7}|={7}|>{7})(?!\S)[^\n]*", re.MULTILINE)


def unmerged(source: Source) -> list[Diagnostic]:
    """One mistake for every conflict: until a side is chosen, nothing else can be said."""
    marks = list(_MARKS.finditer(source.text))
    found = []
    for first, middle, last in zip(marks, marks[1:], marks[2:], strict=False):
        if [each[1][0] for each in (first, middle, last)] != ["<", "=", ">"]:
            continue
        spans = [Span(source, *each.span(1)) for each in (first, middle, last)]
        labels = Label(spans[1], "the other side"), Label(spans[2], "its end")
        lines = [span.line for span in spans]
        help = (
            f"keep one side: delete the other one, and lines {lines[0]}, {lines[1]} and {lines[2]}"
        )
        found.append(errors.left_unmerged(spans[0], labels, help))
    return found
