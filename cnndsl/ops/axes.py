"""Reductions and other ops along one axis, and what brings shapes together for merges.

`channels` is the last axis of a map and the only one of a vector; `positions` are all others
together: height and width. A reduced axis stays, with size 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds, words
from cnndsl.ops.base import Op, Reject, Shape, arg, rank_of, times
from cnndsl.ops.ranks import AXES, KEEP_MAP, feature_map
from cnndsl.ops.spelled import show, sized

_AXIS = "what it goes along"


def check_axis(axis: str, x: Shape) -> None:
    """Rejects the axes that a vector lacks."""
    if axis != "channels" and rank_of(x) == 0:
        vector = f"a vector of {show(x[0])} has `channels` alone, no `{axis}`"
        raise Reject(vector, "axis", KEEP_MAP)


def axes_along(axis: str, x: Shape) -> tuple[int, ...]:
    """The axes that a word means, from 0, of a shape that has them.

    >>> axes_along("positions", (16, 112, 112, 3)), axes_along("width", (56, 56, 64))
    ((0, 1, 2), (1,))
    """
    rank = rank_of(x)
    if axis == "channels":
        return (rank,)
    return tuple(range(rank)) if axis == "positions" else (AXES[rank].index(axis),)


@dataclass(frozen=True)
class _Reduction(Op):
    axis: str = arg(words.AXIS, doc=_AXIS)

    transparent = True

    def output(self, x: Shape) -> Shape:
        check_axis(self.axis, x)
        reduced = axes_along(self.axis, x)
        return tuple(1 if i in reduced else n for i, n in enumerate(x))

    def sees_everything(self) -> bool:
        return self.axis != "channels"


class ReduceMean(_Reduction):
    """Mean along an axis, which stays with size 1.

    Shape:
      `channels`: (h, w, c) to (h, w, 1), (c,) to (1,); `positions`: (1, 1, c);
      `height`: (1, w, c); `width`: (h, 1, c).
    Source:
      Woo et al., "CBAM", 2018 (arXiv:1807.06521); Hou et al., "Coordinate attention", 2021
      (arXiv:2103.02907).

    >>> ReduceMean.make({"axis": "channels"}).output((56, 56, 64))
    (56, 56, 1)
    """

    name = "reduce_mean"


class ReduceMax(_Reduction):
    """Largest value along an axis, which stays with size 1.

    Shape:
      As `reduce_mean`.
    Source:
      Woo et al., "CBAM", 2018 (arXiv:1807.06521).

    >>> ReduceMax.make({"axis": "width"}).output((56, 28, 64))
    (56, 1, 64)
    """

    name = "reduce_max"


class ReduceSum(_Reduction):
    """Sum along an axis, which stays with size 1.

    Shape:
      As `reduce_mean`.

    >>> ReduceSum.make({"axis": "positions"}).output((56, 56, 64))
    (1, 1, 64)
    """

    name = "reduce_sum"


@dataclass(frozen=True)
class L2Normalize(Op):
    """x / sqrt(max(sum of squares along an axis, eps)): length 1 along that axis.

    Shape:
      Unchanged.
    Source:
      Liu et al., "ParseNet", 2015 (arXiv:1506.04579).

    >>> L2Normalize.make({}).output((38, 38, 512))
    (38, 38, 512)
    """

    name = "l2_normalize"
    transparent = True

    axis: str = arg(words.AXIS, "channels", _AXIS)
    eps: float = arg(kinds.SMALL, 1e-12, "least sum of squares")

    def output(self, x: Shape) -> Shape:
        check_axis(self.axis, x)
        return x

    def sees_everything(self) -> bool:
        return self.axis != "channels"


@dataclass(frozen=True)
class Expand(Op):
    """Axes of size 1 repeated, until the shape is that of another tensor.

    Shape:
      Any to the shape of `like`; each axis has its size, or 1.

    >>> Expand.make({"like": [28, 28, 64]}).output((1, 1, 64))
    (28, 28, 64)
    """

    name = "expand"
    transparent = True

    like: Shape = arg(words.LIKE, doc="a tensor that has the wanted shape, or that shape")

    def output(self, x: Shape) -> Shape:
        if len(x) != len(self.like):
            raise Reject(f"cannot expand {sized(x)} to {sized(self.like)}", "like")
        for own, wanted in zip(x, self.like, strict=True):
            if own not in (1, wanted):
                raise Reject(
                    f"cannot expand {sized(x)} to {sized(self.like)}: "
                    f"only axes of size 1 grow, and {show(own)} is no 1",
                    "like",
                )
        return self.like

    def sets_size(self) -> bool:
        return True


@dataclass(frozen=True)
class Transpose(Op):
    """Positions and channels swapped: a matrix of positions by channels, transposed.

    Positions count row by row. The new ones are a column, or `height` x `width`, so that
    `transpose(h, w)` takes a `transpose` of h x w positions back.

    Shape:
      (h, w, c) to (c, 1, h * w), or to (height, width, h * w) with height * width = c.
    Source:
      Wang et al., "Non-local neural networks", 2018 (arXiv:1711.07971), figure 2.

    >>> Transpose.make({}).output((14, 14, 512))
    (512, 1, 196)
    >>> Transpose.make({"height": 14, "width": 14}).output((512, 1, 196))
    (14, 14, 512)
    """

    name = "transpose"
    ranks = (2,)

    height: int | None = arg(kinds.SOME_INTEGER, None, "rows of the result; none: the channels")
    width: int | None = arg(kinds.SOME_INTEGER, None, "columns of the result; none: one")

    def output(self, x: Shape) -> Shape:
        height, width, channels = feature_map(self, x)
        positions = times(height, width)
        if self.height is None and self.width is None:
            return channels, 1, positions
        if self.height is None or self.width is None:
            given = "height" if self.width is None else "width"
            raise Reject("`transpose` takes a height and a width, or neither", given)
        if times(self.height, self.width) != channels:
            rows = sized((self.height, self.width))
            raise Reject(f"{show(channels)} channels are not {rows} positions", "height")
        return self.height, self.width, positions

    def sees_everything(self) -> bool:
        return True
