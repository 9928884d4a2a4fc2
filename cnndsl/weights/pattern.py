"""Patterns of layouts: `layer{i+1}.{j}.conv{k}` beside `layer.{i}.{j}.conv{k}`.

A slot in braces stands for a number, or for a word of a table:

- `{i}`, `{i+1}`: a number, counted from another start;
- `{s.i}`: a number that counts through rows, of which `depths` says how long they are; beside
  `{s}` and `{i}` on the other side. `{0.i}` counts within the first row,
  `{s.0}` the first of each;
- `{i:letter}`: a number written as a letter, `a` for 0;
- `{u}`, where the layout has a table `u`: a word, and what the other side says for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase

_SLOT = re.compile(r"\{(\w+)(?:([+-]\d+)|\.(\w+)|(:letter))?\}")

Found = dict[str, str | int]  # the values of slots
Words = Mapping[str, Mapping[str, str]]  # tables by slot, from their words to ours


@dataclass(frozen=True)
class Terms:
    """What the patterns of a layout count with: its tables, and the lengths of its rows."""

    words: Words = field(default_factory=dict)
    depths: tuple[int, ...] = ()

    def split(self, count: int) -> tuple[int, int] | None:
        """The row and the place in it of the thing of that number; None past the last row."""
        for row, depth in enumerate(self.depths):
            if count < depth:
                return row, count
            count -= depth
        return None

    def join(self, row: int, place: int) -> int | None:
        if not 0 <= row < len(self.depths) or not 0 <= place < self.depths[row]:
            return None
        return sum(self.depths[:row]) + place


@dataclass(frozen=True)
class _Slot:
    name: str
    offset: int = 0
    inner: str | None = None  # of `{s.i}`
    letter: bool = False

    def read(self, text: str, terms: Terms, ours: bool) -> Found | None:
        """What the slot's values are where it stands for a text; None where it cannot."""
        if self.name in terms.words:
            table = terms.words[self.name]
            known = {word: key for key, word in table.items()} if ours else {k: k for k in table}
            return {self.name: known[text]} if text in known else None
        if self.letter:
            return {self.name: ascii_lowercase.index(text)}
        if not text.isdecimal() or text != str(int(text)):
            return None
        number = int(text) - self.offset
        if self.inner is None:
            return {self.name: number} if number >= 0 else None
        split = terms.split(number)
        if split is None:
            return None
        row, place = split
        pair = ((self.name, row), (self.inner, place))
        if any(key.isdecimal() and int(key) != value for key, value in pair):
            return None
        return {key: value for key, value in pair if not key.isdecimal()}

    def write(self, found: Found, terms: Terms, ours: bool) -> str | None:
        if self.name in terms.words:
            word = str(found[self.name])
            return terms.words[self.name][word] if ours else word
        if self.letter:
            number = int(found[self.name])
            return ascii_lowercase[number] if number < len(ascii_lowercase) else None
        if self.inner is None:
            return str(int(found[self.name]) + self.offset)
        joined = terms.join(self.row(found, self.name), self.row(found, self.inner))
        return None if joined is None else str(joined)

    @staticmethod
    def row(found: Found, key: str) -> int:
        """The value of one half of `{s.i}`, which may be a number itself."""
        return int(key if key.isdecimal() else found[key])


@dataclass(frozen=True)
class Side:
    """One side of a line of a layout."""

    expression: re.Pattern[str]
    parts: tuple[str | _Slot, ...]
    ours: bool

    @property
    def names(self) -> set[str]:
        """The slots, by name."""
        slots = [part for part in self.parts if isinstance(part, _Slot)]
        found = {name for slot in slots for name in (slot.name, slot.inner) if name}
        return {name for name in found if not name.isdecimal()}

    def read(self, name: str, terms: Terms) -> Found | None:
        """The values with which the pattern is a name; None if it is not."""
        matched = self.expression.fullmatch(name)
        if matched is None:
            return None
        found: Found = {}
        slots = [part for part in self.parts if isinstance(part, _Slot)]
        for slot, text in zip(slots, matched.groups(), strict=True):
            values = slot.read(text, terms, self.ours)
            if values is None or any(found.get(key, new) != new for key, new in values.items()):
                return None
            found |= values
        return found

    def flat(self, name: str, terms: Terms) -> int | None:
        """The number for which `{s.i}` stands in a name; None without one."""
        found = self.read(name, terms)
        for slot in self.parts:
            if found is not None and isinstance(slot, _Slot) and slot.inner is not None:
                return terms.join(slot.row(found, slot.name), slot.row(found, slot.inner))
        return None

    def write(self, found: Found, terms: Terms) -> str | None:
        """The name that the pattern is with some values; None if there is no such thing."""
        written = [
            part if isinstance(part, str) else part.write(found, terms, self.ours)
            for part in self.parts
        ]
        known = [part for part in written if part is not None]
        return "".join(known) if len(known) == len(written) else None


def side(pattern: str, words: Words, ours: bool) -> Side:
    """Raises: ValueError: if the pattern has braces that are no slots."""
    parts: list[str | _Slot] = []
    expression = ""
    end = 0
    for found in _SLOT.finditer(pattern):
        literal = pattern[end : found.start()]
        name, offset, inner, letter = found.groups()
        parts += [literal, _Slot(name, int(offset or 0), inner, bool(letter))]
        kinds = "[a-z]" if letter else _alternatives(words.get(name), ours)
        expression += re.escape(literal) + f"({kinds})"
        end = found.end()
    parts.append(pattern[end:])
    if any(isinstance(part, str) and set("{}") & set(part) for part in parts):
        raise ValueError(f"{pattern} has braces that are no slots")
    return Side(re.compile(expression + re.escape(pattern[end:])), tuple(parts), ours)


def _alternatives(table: Mapping[str, str] | None, ours: bool) -> str:
    if table is None:
        return r"\d+"
    found: Sequence[str] = list(table.values() if ours else table)
    return "|".join(re.escape(word) for word in sorted(found, key=len, reverse=True))
