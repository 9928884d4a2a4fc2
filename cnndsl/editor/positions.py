"""Offsets in a text and positions of the protocol: lines from 0, columns in an encoding's units."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property

from lsprotocol import types

from cnndsl.source import Span

_LINE_END = re.compile(r"\r?\n|\r")
_UNITS = {  # bytes of a unit, and the codec that writes them
    types.PositionEncodingKind.Utf8: (1, "utf-8"),
    types.PositionEncodingKind.Utf16: (2, "utf-16-le"),
    types.PositionEncodingKind.Utf32: (4, "utf-32-le"),
}


class Positions:
    """The positions of one text; lines end as the protocol says, also at a lone carriage return."""

    def __init__(self, text: str, encoding: str = types.PositionEncodingKind.Utf16):
        self.text = text
        self.encoding = types.PositionEncodingKind(encoding)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def _is_ascii(self) -> bool:
        return self.text.isascii()

    def _units(self, text: str) -> int:
        """How many units a text takes; a surrogate that stands alone is one character too."""
        if self._is_ascii:
            return len(text)
        size, codec = _UNITS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size

    def position(self, offset: int) -> types.Position:
        """Where an offset is."""
        line = bisect_right(self._starts, offset) - 1
        return types.Position(line, self._units(self.text[self._starts[line] : offset]))

    def offset(self, position: types.Position) -> int:
        """The offset of a position; behind the end of a line or of the text, that end."""
        if position.line >= len(self._starts):
            return len(self.text)
        start = self._starts[position.line]
        if position.line + 1 < len(self._starts):
            end = self._starts[position.line + 1]
            line = self.text[start:end].rstrip("\r\n")
        else:
            line = self.text[start:]
        if self._is_ascii:
            return start + min(position.character, len(line))
        units = 0
        for index, character in enumerate(line):
            if units >= position.character:
                return start + index
            units += self._units(character)
        return start + len(line)

    def range(self, start: int, end: int) -> types.Range:
        return types.Range(self.position(start), self.position(end))

    def of(self, span: Span) -> types.Range:
        """The range of a span of this text."""
        return self.range(span.start, span.end)

    def whole(self) -> types.Range:
        return self.range(0, len(self.text))
