"""Functions of each value by itself, as formulas of papers need them. They leave shapes alone.

>>> Square.make({}).output((112, 112, 64))
(112, 112, 64)
"""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Reject, Shape, arg
from cnndsl.ops.spelled import show


class _Elementwise(Op):
    def output(self, x: Shape) -> Shape:
        return x


class Abs(_Elementwise):
    """x without its sign."""

    name = "abs"


class Square(_Elementwise):
    """x * x."""

    name = "square"


class Sqrt(_Elementwise):
    """The square root of x, not a number below 0."""

    name = "sqrt"


class Exp(_Elementwise):
    """e to the power of x."""

    name = "exp"


class Log(_Elementwise):
    """The natural logarithm of x, not a number below 0."""

    name = "log"


@dataclass(frozen=True)
class Clip(_Elementwise):
    """min(max(x, low), high).

    Shape:
      Unchanged.

    >>> Clip.make({"low": 0, "high": 6}).output((7, 7, 320))
    (7, 7, 320)
    """

    name = "clip"

    low: float = arg(kinds.NUMBER, doc="least value")
    high: float = arg(kinds.NUMBER, doc="largest value, above `low`")

    def output(self, x: Shape) -> Shape:
        if self.low >= self.high:
            raise Reject(f"nothing lies between {show(self.low)} and {show(self.high)}", "high")
        return x
