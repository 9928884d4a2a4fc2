"""Kinds of arguments that only recipes have: epochs at which something changes, sizes of images."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ops.base import Kind, Reject
from cnndsl.ops.kinds import NUMBER, POSITIVE, WINDOW

_MOST_CHANGES = 100


class Optional(Kind[object]):
    """A value of another kind, or none."""

    def __init__(self, kind: Kind[object]):
        self.kind = kind

    def describe(self) -> str:
        return f"{self.kind.describe()}, or none"

    def convert(self, value: object) -> object:
        return None if value is None else self.kind.convert(value)


class Epochs(Kind[tuple[float, ...]]):
    """Epochs at which something changes, each behind the one before; becomes a tuple."""

    def describe(self) -> str:
        return "a list of epochs in order, from above 0 on"

    def convert(self, value: object) -> tuple[float, ...]:
        epochs = _numbers(self, value)
        if not epochs or any(b <= a for a, b in zip((0, *epochs), epochs, strict=False)):
            raise self.mismatch(value)
        return epochs


class Factors(Kind[object]):
    """What a rate is multiplied by at every change: one number, or a list; becomes a tuple."""

    def describe(self) -> str:
        return "a positive number, or a list with one for every change"

    def convert(self, value: object) -> object:
        if isinstance(value, (list, tuple)):
            factors = _numbers(self, value)
            if not factors or min(factors) <= 0:
                raise self.mismatch(value)
            return factors
        try:
            return POSITIVE.convert(value)
        except Reject:
            raise self.mismatch(value) from None


class Range(Kind[tuple[float, float]]):
    """`[least, most]`, both positive; becomes a tuple."""

    def __init__(self, most: float | None = None):
        self.most = most

    def describe(self) -> str:
        limit = "" if self.most is None else f" up to {self.most:g}"
        return f"[least, most], two positive numbers{limit}"

    def convert(self, value: object) -> tuple[float, float]:
        pair = _numbers(self, value)
        if len(pair) != 2 or not 0 < pair[0] <= pair[1] or pair[1] > (self.most or pair[1]):
            raise self.mismatch(value)
        return pair[0], pair[1]


def _numbers(kind: Kind[object], value: object) -> tuple[float, ...]:
    """The numbers of a list, as they are spelt."""
    if not isinstance(value, (list, tuple)) or len(value) > _MOST_CHANGES:
        raise kind.mismatch(value)
    items: Sequence[object] = value
    try:
        for item in items:
            NUMBER.convert(item)
    except Reject:
        raise kind.mismatch(value) from None
    return tuple(item for item in items if isinstance(item, (int, float)))


EPOCHS = Epochs()
FACTORS = Factors()
SIZE = Optional(WINDOW)
