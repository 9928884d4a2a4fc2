"""Ops that rearrange, cut or enlarge a tensor. None of them learns anything."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from cnndsl.ops import kinds, words
from cnndsl.ops.base import SPATIAL, Op, Reject, Shape, arg, times
from cnndsl.ops.ranks import divides, grid
from cnndsl.ops.spelled import show, sized
from cnndsl.ops.window import Sides, Sizes, by_axis


class Flatten(Op):
    """A feature map as a vector, row by row, channels last; a vector stays as it is.

    Shape:
      (h, w, c) to (h * w * c,).

    >>> Flatten.make({}).output((7, 7, 512))
    (25088,)
    """

    name = "flatten"
    transparent = True

    def output(self, x: Shape) -> Shape:
        return (_elements(x),)

    def rearranges(self) -> bool:
        return True


@dataclass(frozen=True)
class Reshape(Op):
    """The same values in another shape, row by row, channels last.

    Shape:
      Any to `shape`, with as many values.

    >>> Reshape.make({"shape": [4, 4, 64]}).output((1024,))
    (4, 4, 64)
    """

    name = "reshape"
    transparent = True

    shape: Shape = arg(kinds.EXTENTS, doc="shape of the result")

    def output(self, x: Shape) -> Shape:
        if _elements(x) != _elements(self.shape):
            raise Reject(
                f"cannot reshape {sized(x)} into {sized(self.shape)}: "
                f"{show(_elements(x))} values into {show(_elements(self.shape))}",
                "shape",
            )
        return self.shape

    def rearranges(self) -> bool:
        return True


@dataclass(frozen=True)
class _Bordered(Op):
    ranks = SPATIAL

    amount: Sides = arg(kinds.BORDER, doc="rows and columns on each side")


@dataclass(frozen=True)
class Pad(_Bordered):
    """Rows and columns around a feature map: zeros, or values of the map.

    `edge` repeats the outermost value, `reflect` mirrors the map without repeating it.

    Shape:
      (h, w, c) to (top + h + bottom, left + w + right, c); `reflect` pads by less than the map.

    >>> Pad.make({"amount": [0, 1, 0, 1]}).output((56, 56, 64))
    (57, 57, 64)
    """

    name = "pad"
    transparent = True

    mode: str = arg(words.BORDER_MODE, "zero", "what stands there")

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        around = by_axis(self.amount)
        if self.mode == "reflect":
            self._check_mirror(extents)
        return (*(n + a + b for n, (a, b) in zip(extents, around, strict=True)), channels)

    def _check_mirror(self, extents: Shape) -> None:
        """A mirror shows each value but the outermost one, once."""
        for both, extent in zip(by_axis(self.amount), extents, strict=True):
            if max(both) >= extent:
                raise Reject(
                    f"{sized(extents)} has no {show(max(both))} values to mirror on a side",
                    "amount",
                    "`mode = edge` repeats the outermost value as often as wanted",
                )


class Crop(_Bordered):
    """A feature map without some of its outer rows and columns.

    Shape:
      (h, w, c) to (h - top - bottom, w - left - right, c).

    >>> Crop.make({"amount": 1}).output((8, 8, 64))
    (6, 6, 64)
    """

    name = "crop"
    transparent = True

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        left = tuple(n - a - b for n, (a, b) in zip(extents, by_axis(self.amount), strict=True))
        if min(left) < 1:
            raise Reject(f"nothing is left of {sized(extents)}", "amount")
        return (*left, channels)


@dataclass(frozen=True)
class Channels(Op):
    """The channels from `start` up to, not including, `stop`.

    Shape:
      (h, w, c) to (h, w, stop - start), (c,) to (stop - start,).

    >>> Channels.make({"start": 0, "stop": 32}).output((28, 28, 64))
    (28, 28, 32)
    """

    name = "channels"
    transparent = True

    start: int = arg(kinds.INDEX, doc="first channel, from 0")
    stop: int = arg(kinds.INDEX, doc="first channel after the slice")

    def output(self, x: Shape) -> Shape:
        if self.stop > x[-1]:
            raise Reject(
                f"the slice ends at {show(self.stop)}, but there are {show(x[-1])} channels", "stop"
            )
        if self.start >= self.stop:
            raise Reject(
                f"the slice from {show(self.start)} to {show(self.stop)} is empty", "start"
            )
        literal_start = type(self.start) is int and self.start == 0
        return (*x[:-1], self.stop if literal_start else self.stop - self.start)


@dataclass(frozen=True)
class PadChannels(Op):
    """Zeros after the last channel, up to `total` channels.

    Shape:
      (h, w, c) to (h, w, total), (c,) to (total,).
    Source:
      He et al., "Deep residual learning", 2015 (arXiv:1512.03385), the shortcuts of option A.

    >>> PadChannels.make({"total": 32}).output((16, 16, 16))
    (16, 16, 32)
    """

    name = "pad_channels"
    transparent = True

    total: int = arg(kinds.POSITIVE_INTEGER, doc="channels of the result")

    def output(self, x: Shape) -> Shape:
        if self.total < x[-1]:
            raise Reject(
                f"cannot pad {show(x[-1])} channels to {show(self.total)}",
                "total",
                f"`channels(0, {show(self.total)})` drops channels",
            )
        return (*x[:-1], self.total)


@dataclass(frozen=True)
class Shuffle(Op):
    """Interleaves the channels of `groups` groups: the first of each, then the second of each.

    Shape:
      Unchanged; `groups` divides the channels.
    Source:
      Zhang et al., "ShuffleNet", 2017 (arXiv:1707.01083).

    >>> Shuffle.make({"groups": 3}).output((28, 28, 240))
    (28, 28, 240)
    """

    name = "shuffle"
    transparent = True

    groups: int = arg(kinds.POSITIVE_INTEGER, doc="groups of neighbouring channels")

    def output(self, x: Shape) -> Shape:
        divides(self.groups, x[-1])
        return x


@dataclass(frozen=True)
class Upsample(Op):
    """A larger feature map: repeated values, or bilinear interpolation.

    Shape:
      (h, w, c) to (h * factor, w * factor, c).

    >>> Upsample.make({"factor": 2}).output((14, 14, 256))
    (28, 28, 256)
    """

    name = "upsample"
    ranks = SPATIAL
    transparent = True

    factor: Sizes = arg(kinds.WINDOW, doc="how many times as high and as wide")
    method: str = arg(kinds.UPSAMPLING, "nearest", "where the new values come from")

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        return (*map(times, extents, self.factor), channels)

    def field(self, rank: int = 2) -> tuple[Sizes, tuple[float, ...]]:
        extent = 1 if self.method == "nearest" else 2
        return (extent,) * len(self.factor), tuple(1 / factor for factor in self.factor)


def _elements(shape: Shape) -> int:
    return reduce(times, shape)
