"""Kinds of arguments: what the language accepts, and the one normal form that rules see.

A value that is right already is returned unchanged, so integers and floats that remember
their spelling keep it. A boolean is no number and a float is no integer, even `64.0`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from typing import Self, TypeGuard

from cnndsl.ops.base import MOST_AXES, Kind, Normal_co, Reject, Shape
from cnndsl.ops.spelled import seen
from cnndsl.ops.window import Pad, Sides, Sizes


def _is_integer(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    return _is_integer(value) or (isinstance(value, float) and isfinite(value))


def is_size(value: object, least: int) -> TypeGuard[int]:
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
        if not is_size(value, self.least):
            raise self.mismatch(value)
        return value


class SomeInteger(Kind[int | None]):
    """A positive integer, or none."""

    def describe(self) -> str:
        return "none or a positive integer"

    def convert(self, value: object) -> int | None:
        if value is not None and not is_size(value, 1):
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


_ARRIVING = ("", "a signal", "", "a clip")
_SIZES = ("", "", "HxW", "DxHxW")
_SIDES = (
    "",
    "an integer of at least 0 or [before, after]",
    "an integer of at least 0, [h, w] or [top, bottom, left, right]",
    "an integer of at least 0, [d, h, w] or [front, back, top, bottom, left, right]",
)


class ByAxis(Kind[Normal_co]):
    """A number for each axis of what arrives; of a feature map where that is not known (0)."""

    def __init__(self, rank: int = 0):
        self.rank = rank
        self.axes = rank or 2
        self._ranked: dict[int, Self] = {}

    def of_rank(self, rank: int) -> Self:
        if rank not in self._ranked:
            self._ranked[rank] = self._copied(rank)
        return self._ranked[rank]

    def _copied(self, rank: int) -> Self:
        return type(self)(rank)

    def mismatch(self, value: object, help: str | None = None) -> Reject:
        arriving = _ARRIVING[self.rank]
        if not arriving:
            return super().mismatch(value, help)
        return Reject(f"{self.describe()} for {arriving}, not {seen(value)}", help=help)


class Window(ByAxis[Sizes]):
    """A window, kernel, stride, dilation or factor; becomes one number for each axis."""

    def describe(self) -> str:
        sizes = _SIZES[self.axes]
        return f"a positive integer or {sizes}" if sizes else "a positive integer"

    def convert(self, value: object) -> Sizes:
        each = value if is_list(value) else [value] * self.axes
        sizes = tuple(size for size in each if is_size(size, 1))
        if len(sizes) < len(each) or not self._fits(len(sizes)):
            raise self.mismatch(value)
        return sizes

    def _fits(self, count: int) -> bool:
        return count == self.rank if self.rank else 1 <= count <= MOST_AXES


class _Sides(ByAxis[Normal_co]):
    """Before and after each axis."""

    def describe(self) -> str:
        return _SIDES[self.axes]

    def sides(self, value: object) -> Sides | None:
        """None of what is no border."""
        each = value if is_list(value) else [value] * self.axes
        found = tuple(side for side in each if is_size(side, 0))
        if len(found) < len(each):
            return None
        axes = (self.rank,) if self.rank else (2, 1, 3)
        for rank in axes:
            if len(found) == rank:
                return tuple(side for side in found for _ in range(2))
            if len(found) == 2 * rank:
                return found
        return None


class Border(_Sides[Sides]):
    """What stands around a map; becomes (top, bottom, left, right) of a feature map."""

    def convert(self, value: object) -> Sides:
        sides = self.sides(value)
        if sides is None:
            raise self.mismatch(value)
        return sides


class Padding(_Sides[Pad]):
    """ "same", "valid", a border, and "causal" of what slides along a signal."""

    def __init__(self, rank: int = 0, *, causal: bool = False):
        super().__init__(rank)
        self.causal = causal
        self.own_words = frozenset({"causal"} if causal else ())

    def _copied(self, rank: int) -> Self:
        return type(self)(rank, causal=self.causal)

    def describe(self) -> str:
        causal = {0: "`causal` along a signal, ", 1: "`causal`, "} if self.causal else {}
        return f"`same`, `valid`, {causal.get(self.rank, '')}{super().describe()}"

    def convert(self, value: object) -> Pad:
        if isinstance(value, str):
            if value in ("same", "valid"):
                return value
            if value == "causal" and self.causal:
                if self.rank > 1:
                    help = "`pad([…]) -> conv(…, pad = valid)` pads one side of an axis"
                    raise self.mismatch(value, help)
                return value
        sides = self.sides(value)
        if sides is None:
            raise self.mismatch(value)
        return sides


class Extents(Kind[Shape]):
    """A shape; becomes (height, width, channels) or (features,)."""

    def describe(self) -> str:
        return "[h, w, c], or a positive integer for a vector"

    def convert(self, value: object) -> Shape:
        extents = value if is_list(value) and 1 <= len(value) <= MOST_AXES + 1 else (value,)
        shape = tuple(extent for extent in extents if is_size(extent, 1))
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


POSITIVE_INTEGER = Integer("a positive integer", 1)
SOME_INTEGER = SomeInteger()
INDEX = Integer("an integer of at least 0", 0)
NUMBER = Number("a number")
POSITIVE = Number("a positive number", lambda value: value > 0)
SMALL = Number("a number above 0, at most 1", lambda value: 0 < value <= 1)  # beside a square
NON_NEGATIVE = Number("a number of at least 0", lambda value: value >= 0)
RATE = Number("a number from 0 to below 1", lambda value: 0 <= value < 1)
SHARE = Number("a number from 0 to 1", lambda value: 0 <= value <= 1)
FLAG = Flag()
WINDOW = Window()
PADDING = Padding()
CAUSAL_PADDING = Padding(causal=True)
BORDER = Border()
EXTENTS = Extents()
PER_CHANNEL = PerChannel(NUMBER)
POSITIVE_PER_CHANNEL = PerChannel(POSITIVE)
UPSAMPLING = Choice("nearest", "bilinear")
