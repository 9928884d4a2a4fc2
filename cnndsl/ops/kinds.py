"""Kinds of arguments: what the language accepts, and the one normal form that rules see.

A value that is right already is returned unchanged, so integers and floats that remember
their spelling keep it. A boolean is no number and a float is no integer, even `64.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import TypeGuard

from cnndsl.ops.base import Kind, Reject, Shape, seen, show
from cnndsl.ops.window import Pad, Pair, Sides

MOST_ITEMS = 1_000_000  # of a list of lists, whose rows may be one list many times


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def _is_size(value: object, least: int) -> TypeGuard[int]:
    return _is_integer(value) and value >= least


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, (list, tuple, range))


class Integer(Kind[int]):
    """An integer of at least `least`."""

    def __init__(self, words: str, least: int):
        self.words = words
        self.least = least

    def describe(self) -> str:
        return self.words

    def convert(self, value: object) -> int:
        if not _is_size(value, self.least):
            raise self.mismatch(value)
        return value


class SomeInteger(Kind[int | None]):
    """A positive integer, or none."""

    def describe(self) -> str:
        return "none or a positive integer"

    def convert(self, value: object) -> int | None:
        if value is not None and not _is_size(value, 1):
            raise self.mismatch(value)
        return value


class Number(Kind[float]):
    """A finite float, or an integer in its place, that `accepts` accepts."""

    def __init__(self, words: str, accepts: Callable[[float], bool] = lambda value: True):
        self.words = words
        self.accepts = accepts

    def describe(self) -> str:
        return self.words

    def convert(self, value: object) -> float:
        if not is_number(value) or not self.accepts(value):
            raise self.mismatch(value)
        return float(value) if type(value) is int else value


class Flag(Kind[bool]):
    def describe(self) -> str:
        return "true or false"

    def convert(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise self.mismatch(value)
        return value


class Choice(Kind[str]):
    """One of a few predefined values."""

    def __init__(self, *names: str):
        self.names = names

    def describe(self) -> str:
        return " or ".join(f"`{name}`" for name in self.names)

    def convert(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.names:
            raise self.mismatch(value)
        return value


class Window(Kind[Pair]):
    """A window, kernel, stride, dilation or factor; becomes (height, width)."""

    def describe(self) -> str:
        return "a positive integer or HxW"

    def convert(self, value: object) -> Pair:
        height, width = value if is_list(value) and len(value) == 2 else (value, value)
        if not _is_size(height, 1) or not _is_size(width, 1):
            raise self.mismatch(value)
        return height, width


_BORDER = "an integer of at least 0, [h, w] or [top, bottom, left, right]"


def _sides(value: object) -> Sides | None:
    """(top, bottom, left, right); None of what is no border."""
    if not is_list(value):
        top = bottom = left = right = value
    elif len(value) == 2:
        top = bottom = value[0]
        left = right = value[1]
    elif len(value) == 4:
        top, bottom, left, right = value
    else:
        return None
    if _is_size(top, 0) and _is_size(bottom, 0) and _is_size(left, 0) and _is_size(right, 0):
        return top, bottom, left, right
    return None


class Border(Kind[Sides]):
    """Rows and columns around a feature map; becomes (top, bottom, left, right)."""

    def describe(self) -> str:
        return _BORDER

    def convert(self, value: object) -> Sides:
        sides = _sides(value)
        if sides is None:
            raise self.mismatch(value)
        return sides


class Padding(Kind[Pad]):
    """ "same", "valid" or a border."""

    def describe(self) -> str:
        return f"`same`, `valid`, {_BORDER}"

    def convert(self, value: object) -> Pad:
        if isinstance(value, str) and value in ("same", "valid"):
            return value
        sides = _sides(value)
        if sides is None:
            raise self.mismatch(value)
        return sides


class Extents(Kind[Shape]):
    """A shape; becomes (height, width, channels) or (features,)."""

    def describe(self) -> str:
        return "[h, w, c], or a positive integer for a vector"

    def convert(self, value: object) -> Shape:
        extents = value if is_list(value) and len(value) in (1, 3) else (value,)
        shape = tuple(extent for extent in extents if _is_size(extent, 1))
        if len(shape) < len(extents):
            raise self.mismatch(value)
        return shape


class PerChannel(Kind[float | tuple[float, ...]]):
    """A list with a number per channel, becomes a tuple; or one number for all of them."""

    def __init__(self, number: Number):
        self.number = number

    def describe(self) -> str:
        return f"{self.number.describe()}, or a list with one per channel"

    def convert(self, value: object) -> float | tuple[float, ...]:
        try:
            if not is_list(value):
                return self.number.convert(value)
            return tuple(self.number.convert(item) for item in value)
        except Reject:
            raise self.mismatch(value) from None


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
            if not _is_size(channel, 0):
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


POSITIVE_INTEGER = Integer("a positive integer", 1)
SOME_INTEGER = SomeInteger()
INDEX = Integer("an integer of at least 0", 0)
NUMBER = Number("a number")
POSITIVE = Number("a positive number", lambda value: value > 0)
NON_NEGATIVE = Number("a number of at least 0", lambda value: value >= 0)
RATE = Number("a number from 0 to below 1", lambda value: 0 <= value < 1)
SHARE = Number("a number from 0 to 1", lambda value: 0 <= value <= 1)
FLAG = Flag()
WINDOW = Window()
PADDING = Padding()
BORDER = Border()
EXTENTS = Extents()
PER_CHANNEL = PerChannel(NUMBER)
POSITIVE_PER_CHANNEL = PerChannel(POSITIVE)
CODES = Codes()
CONNECTIONS = Connections()
UPSAMPLING = Choice("nearest", "bilinear")
