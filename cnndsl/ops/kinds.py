"""Kinds of arguments: what the language accepts, and the one normal form that rules see.

A value that is right already is returned unchanged, so integers and floats that remember
their spelling keep it. A boolean is no number and a float is no integer, even `64.0`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from math import isfinite
from typing import Any

from cnndsl.ops.base import Kind, Reject, seen, show

INITIALIZERS = (
    "he_normal",
    "he_uniform",
    "kaiming_normal",
    "kaiming_uniform",
    "glorot_normal",
    "glorot_uniform",
    "xavier_normal",
    "xavier_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "truncated_normal",
    "uniform",
    "orthogonal",
    "zeros",
    "ones",
)

_MOST_ITEMS = 1_000_000  # of a list of lists, whose rows may be one list many times


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple, range))


class Integer(Kind):
    """An integer of at least `least`."""

    def __init__(self, words: str, least: int):
        self.words = words
        self.least = least

    def describe(self) -> str:
        return self.words

    def convert(self, value: Any) -> int:
        if not _is_integer(value) or value < self.least:
            raise self.mismatch(value)
        return value


class Number(Kind):
    """A finite float, or an integer in its place, that `accepts` accepts."""

    def __init__(self, words: str, accepts: Callable[[float], bool] = lambda value: True):
        self.words = words
        self.accepts = accepts

    def describe(self) -> str:
        return self.words

    def convert(self, value: Any) -> float:
        if not _is_number(value) or not self.accepts(value):
            raise self.mismatch(value)
        return float(value) if type(value) is int else value


class Flag(Kind):
    def describe(self) -> str:
        return "true or false"

    def convert(self, value: Any) -> bool:
        if not isinstance(value, bool):
            raise self.mismatch(value)
        return value


class Choice(Kind):
    """One of a few predefined values."""

    def __init__(self, *names: str):
        self.names = names

    def describe(self) -> str:
        return " or ".join(f"`{name}`" for name in self.names)

    def convert(self, value: Any) -> str:
        if value not in self.names:
            raise self.mismatch(value)
        return value


class Initializer(Kind):
    """A name from `jax.nn.initializers`, or none: the compiler chooses."""

    def describe(self) -> str:
        return "none or the name of an initializer"

    def convert(self, value: Any) -> str | None:
        if value is not None and value not in INITIALIZERS:
            raise self.mismatch(value, help=f"one of {', '.join(INITIALIZERS)}")
        return value


class Window(Kind):
    """A window, kernel, stride, dilation or factor; becomes (height, width)."""

    def describe(self) -> str:
        return "a positive integer or HxW"

    def convert(self, value: Any) -> tuple[int, int]:
        pair = tuple(value) if _is_list(value) and len(value) == 2 else (value, value)
        if not all(_is_integer(extent) and extent > 0 for extent in pair):
            raise self.mismatch(value)
        return pair


class Border(Kind):
    """Rows and columns around a feature map; becomes (top, bottom, left, right)."""

    def describe(self) -> str:
        return "an integer of at least 0, [h, w] or [top, bottom, left, right]"

    def convert(self, value: Any) -> Any:
        if _is_integer(value):
            sides = (value,) * 4
        elif _is_list(value) and len(value) == 2:
            sides = (value[0], value[0], value[1], value[1])
        elif _is_list(value) and len(value) == 4:
            sides = tuple(value)
        else:
            raise self.mismatch(value)
        if not all(_is_integer(side) and side >= 0 for side in sides):
            raise self.mismatch(value)
        return sides


class Padding(Border):
    """ "same", "valid" or a border."""

    def describe(self) -> str:
        return f"`same`, `valid`, {super().describe()}"

    def convert(self, value: Any) -> Any:
        return value if value in ("same", "valid") else super().convert(value)


class Extents(Kind):
    """A shape; becomes (height, width, channels) or (features,)."""

    def describe(self) -> str:
        return "[h, w, c], or a positive integer for a vector"

    def convert(self, value: Any) -> tuple[int, ...]:
        shape = tuple(value) if _is_list(value) and len(value) in (1, 3) else (value,)
        if not all(_is_integer(extent) and extent > 0 for extent in shape):
            raise self.mismatch(value)
        return shape


class PerChannel(Kind):
    """A list with a number per channel, becomes a tuple; or one number for all of them."""

    def __init__(self, number: Number):
        self.number = number

    def describe(self) -> str:
        return f"{self.number.describe()}, or a list with one per channel"

    def convert(self, value: Any) -> float | tuple[float, ...]:
        try:
            if not _is_list(value):
                return self.number.convert(value)
            return tuple(self.number.convert(item) for item in value)
        except Reject:
            raise self.mismatch(value) from None


class Table(Kind):
    """A list of lists; becomes a tuple of tuples."""

    def convert(self, value: Any) -> Any:
        if not _is_list(value) or not all(_is_list(row) for row in value):
            raise self.mismatch(value)
        if sum(len(row) for row in value) > _MOST_ITEMS:
            raise Reject(f"{self.describe()}, with a million items at most")
        for index, row in enumerate(value):
            self.check(index, row)
        return tuple(tuple(row) for row in value)

    @abstractmethod
    def check(self, index: int, row: Any) -> None:
        """Rejects a list that does not belong into the table."""


class Codes(Table):
    """For each class a list of numbers."""

    def describe(self) -> str:
        return "a list of lists of numbers"

    def check(self, index: int, row: Any) -> None:
        for item in row:
            if not _is_number(item):
                raise Reject(f"{self.describe()}, but list {index} holds {seen(item)}")


class Connections(Table):
    """For each filter the list of input channels it sees; or none."""

    def describe(self) -> str:
        return "none, or for each filter the list of the input channels that it sees"

    def convert(self, value: Any) -> tuple[tuple[int, ...], ...] | None:
        return None if value is None else super().convert(value)

    def check(self, index: int, row: Any) -> None:
        if not row:
            raise Reject(f"{self.describe()}, but filter {index} sees none")
        met: set[int] = set()
        for channel in row:
            if not _is_integer(channel) or channel < 0:
                raise Reject(f"{self.describe()}, but filter {index} lists {seen(channel)}")
            if channel in met:
                raise Reject(f"{self.describe()}, but filter {index} lists {show(channel)} twice")
            met.add(channel)


POSITIVE_INTEGER = Integer("a positive integer", 1)
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
INITIALIZER = Initializer()
UPSAMPLING = Choice("nearest", "bilinear")
