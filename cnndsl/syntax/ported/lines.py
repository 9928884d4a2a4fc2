"""Lines of a text, those in open parentheses and brackets together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    start: int
    end: int
    text: str


def logical(text: str, start: int = 0) -> Iterator[Line]:
    """Lines, those in open parentheses and brackets together."""
    place, begin, depth = start, start, 0
    while place <= len(text):
        stop = text.find("\n", place)
        stop = len(text) if stop < 0 else stop
        line = re.sub(r"\"[^\"\n]*\"|'[^'\n]*'|#[^\n]*", "", text[place:stop])
        depth += line.count("(") + line.count("[") - line.count(")") - line.count("]")
        if depth <= 0 or place - begin > 2000:
            yield Line(begin, stop, text[begin:stop])
            begin, depth = stop + 1, 0
        place = stop + 1
    if begin < len(text):
        yield Line(begin, len(text), text[begin:])
