"""Kinds of arguments of tensors that no chain computes: their shapes, and their values."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ops.base import Kind, Reject, Shape
from cnndsl.ops.initial import Initial
from cnndsl.ops.kinds import Extents, is_list, is_number
from cnndsl.ops.row_kinds import MOST_ITEMS
from cnndsl.ops.spelled import seen


class LastExtents(Extents):
    """A shape in the last parentheses of `param NAME = init(shape)`."""

    def convert(self, value: object) -> Shape:
        try:
            return super().convert(value)
        except Reject:
            help = "the last parentheses hold the shape: truncated_normal(0.02)([1, 1, 64])"
            raise self.mismatch(value, help) from None


class SomeExtents(Kind[Shape | None]):
    """The same, or none."""

    def describe(self) -> str:
        return f"none, {LAST_EXTENTS.describe()}"

    def convert(self, value: object) -> Shape | None:
        return None if value is None else LAST_EXTENTS.convert(value)


class Grid(Kind["float | tuple[float, ...] | tuple[tuple[tuple[float, ...], ...], ...]"]):
    """The values of a tensor: rows of positions of channels, one list, or one number."""

    def describe(self) -> str:
        return "a list of numbers, or of rows of positions of numbers"

    def convert(
        self, value: object
    ) -> float | tuple[float, ...] | tuple[tuple[tuple[float, ...], ...], ...]:
        if isinstance(value, Initial) and value.name == "constant":
            (value,) = value.args
        if is_number(value):
            return float(value) if type(value) is int else value
        if not is_list(value) or not value:
            raise self.mismatch(value)
        if any(is_number(item) for item in value):
            return self._numbers(value, "it")
        rows = [self._lists(row) for row in value]
        sizes = {(len(row), len(position)) for row in rows for position in row}
        if sum(rows * positions for rows, positions in sizes) * len(rows) > MOST_ITEMS:
            raise Reject(f"{self.describe()}, with a million items at most")
        if len(sizes) != 1 or (0 in next(iter(sizes))):
            raise Reject(f"{self.describe()}, as many in each row and at each position")
        return tuple(tuple(self._numbers(p, "a position") for p in row) for row in rows)

    def _lists(self, row: object) -> list[Sequence[object]]:
        if not is_list(row) or not row:
            raise self.mismatch(row)
        found = []
        for position in row:
            if not is_list(position):
                help = "a map is written [[[a, b], [c, d]]]: rows, positions, channels"
                raise Reject(f"{self.describe()}, but a row holds {seen(position)}", help=help)
            found.append(position)
        return found

    def _numbers(self, items: Sequence[object], what: str) -> tuple[float, ...]:
        for item in items:
            if not is_number(item):
                raise Reject(f"{self.describe()}, but {what} holds {seen(item)}")
        return tuple([float(item) for item in items if is_number(item)])


LAST_EXTENTS = LastExtents()
SOME_EXTENTS = SomeExtents()
GRID = Grid()
