"""Source text and the places in it that nodes and diagnostics point at."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property


@dataclass(frozen=True, eq=False)
class Source:
    """One spec: the name a user knows it by and its text (newlines are `\\n`).

    `label` is what generated code calls it, wherever the compiler was started: its path in the
    project. Empty where there is no file.
    """

    name: str
    text: str = field(repr=False)
    label: str = ""
    is_zoo: bool = False  # whether it ships with cnndsl

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.split("\n")

    @cached_property
    def first_line(self) -> int:
        """The index of the first line that is not blank; that of the last one if all are."""
        blank = len(self.text) - len(self.text.lstrip())
        return self.text.count("\n", 0, blank)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The characters `start` to `end` (exclusive) of a source."""

    source: Source
    start: int
    end: int

    def to(self, other: Span) -> Span:
        """From the start of this span to the end of another one of the same source."""
        return Span(self.source, self.start, other.end)

    @property
    def text(self) -> str:
        return self.source.text[self.start : self.end]

    @property
    def line(self) -> int:
        return self.source.position(self.start)[0]
