"""Noise against overfitting: active in training, the identity outside it."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Shape, arg


@dataclass(frozen=True)
class _Noise(Op):
    rate: float = arg(kinds.RATE, doc="probability of a zero")

    def output(self, x: Shape) -> Shape:
        return x


class Dropout(_Noise):
    """Zeroes values at random in training and divides the others by 1 - rate.

    Shape:
      Unchanged.
    Source:
      Srivastava et al., "Dropout", JMLR 2014.

    >>> Dropout.make({"rate": 0.5}).output((4096,))
    (4096,)
    """

    name = "dropout"
    transparent = True


class DropPath(_Noise):
    """Zeroes whole samples at random in training: stochastic depth, for a residual branch.

    Shape:
      Unchanged.
    Source:
      Huang et al., "Deep networks with stochastic depth", 2016 (arXiv:1603.09382).

    >>> DropPath.make({"rate": 0.2}).output((28, 28, 40))
    (28, 28, 40)
    """

    name = "drop_path"
    transparent = True
