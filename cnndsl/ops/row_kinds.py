"""Kinds of arguments that are lists of lists."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ops.base import Kind, Reject
from cnndsl.ops.kinds import is_list, is_number, is_size
from cnndsl.ops.spelled import seen, show

MOST_ITEMS = 1_000_000  # of a list of lists, whose rows may be one list many times


class Codes(Kind[tuple[tuple[float, ...], ...]]):
    """For each class a list of numbers; becomes a tuple of tuples."""

    def describe(self) -> str:
        return "a list of lists of numbers"

    def convert(self, value: object) -> tuple[tuple[float, ...], ...]:
        rows = enumerate(_rows(self, value))
        return tuple(tuple(self._number(index, item) for item in row) for index, row in rows)

    def _number(self, index: int, item: object) -> float:
        if not is_number(item):
            raise Reject(f"{self.describe()}, but list {index} holds {seen(item)}")
        return item


class Connections(Kind[tuple[tuple[int, ...], ...] | None]):
    """For each filter the list of input channels it sees, as a tuple of tuples; or none."""

    def describe(self) -> str:
        return "none, or for each filter the list of the input channels that it sees"

    def convert(self, value: object) -> tuple[tuple[int, ...], ...] | None:
        if value is None:
            return None
        return tuple(self._channels(index, row) for index, row in enumerate(_rows(self, value)))

    def _channels(self, index: int, row: Sequence[object]) -> tuple[int, ...]:
        if not row:
            raise Reject(f"{self.describe()}, but filter {index} sees none")
        met: dict[int, None] = {}
        for channel in row:
            if not is_size(channel, 0):
                raise Reject(f"{self.describe()}, but filter {index} lists {seen(channel)}")
            if channel in met:
                raise Reject(f"{self.describe()}, but filter {index} lists {show(channel)} twice")
            met[channel] = None
        return tuple(met)


def _rows(kind: Codes | Connections, value: object) -> list[Sequence[object]]:
    """The lists of a list of lists, with a million items at most in all."""
    if not is_list(value):
        raise kind.mismatch(value)
    rows = []
    for row in value:
        if not is_list(row):
            raise kind.mismatch(value)
        rows.append(row)
    if sum(map(len, rows)) > MOST_ITEMS:
        raise Reject(f"{kind.describe()}, with a million items at most")
    return rows


CODES = Codes()
CONNECTIONS = Connections()
