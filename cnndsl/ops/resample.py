"""Ops that change height and width without a window of weights."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds, words
from cnndsl.ops.base import SPATIAL, Op, Reject, Shape, arg, times
from cnndsl.ops.ranks import feature_map, grid
from cnndsl.ops.spelled import show, sized
from cnndsl.ops.window import Sizes


@dataclass(frozen=True)
class PixelShuffle(Op):
    """Channels as finer positions: each `factor` x `factor` square comes from as many channels.

    Channels count as PyTorch's `PixelShuffle` has them: those of one square stand together, row
    by row.

    Shape:
      (h, w, c) to (h * factor, w * factor, c / factor ** 2), which has to be an integer.
    Source:
      Shi et al., "Real-time single image and video super-resolution using an efficient sub-pixel
      convolutional neural network", 2016 (arXiv:1609.05158).

    >>> PixelShuffle.make({"factor": 3}).output((17, 17, 27))
    (51, 51, 3)
    """

    name = "pixel_shuffle"
    ranks = (2,)
    transparent = True

    factor: int = arg(kinds.POSITIVE_INTEGER, doc="how many times as high and as wide")

    def output(self, x: Shape) -> Shape:
        height, width, channels = feature_map(self, x)
        square = self.factor * self.factor
        if channels % square:
            message = f"{show(channels)} channels are no multiple of {sized((self.factor,) * 2)}"
            raise Reject(message, "factor")
        return times(height, self.factor), times(width, self.factor), channels // square

    def field(self, rank: int = 2) -> tuple[Sizes, tuple[float, ...]]:
        return (1, 1), (1 / self.factor, 1 / self.factor)


@dataclass(frozen=True)
class SpaceToDepth(Op):
    """Positions as channels: each `factor` x `factor` square becomes one position.

    All channels of the square's first position come first, then those of the next one in its
    row, as in TensorFlow's `space_to_depth`. (`pixel_shuffle` counts channels the other way.)

    Shape:
      (h, w, c) to (h / factor, w / factor, c * factor ** 2); `factor` divides h and w.
    Source:
      Ridnik et al., "TResNet", 2020 (arXiv:2003.13630), section 2.1.

    >>> SpaceToDepth.make({"factor": 4}).output((224, 224, 3))
    (56, 56, 48)
    """

    name = "space_to_depth"
    ranks = (2,)
    transparent = True

    factor: int = arg(kinds.POSITIVE_INTEGER, doc="height and width of a square")

    def output(self, x: Shape) -> Shape:
        height, width, channels = feature_map(self, x)
        if height % self.factor or width % self.factor:
            message = f"squares of {sized((self.factor,) * 2)} do not tile {sized((height, width))}"
            raise Reject(message, "factor")
        channels = times(channels, self.factor * self.factor)
        return height // self.factor, width // self.factor, channels

    def field(self, rank: int = 2) -> tuple[Sizes, tuple[float, ...]]:
        return (self.factor, self.factor), (self.factor, self.factor)


@dataclass(frozen=True)
class Resize(Op):
    """A feature map of another size: the nearest value, or bilinear interpolation.

    Pixels have their centres at halves, and nothing is smoothed before it shrinks: PyTorch's
    `interpolate` with `align_corners=False` ("nearest-exact" for `nearest`).

    Shape:
      (h, w, c) to (height, width, c) of `size`.

    >>> Resize.make({"size": [28, 14]}).output((7, 7, 256))
    (28, 14, 256)
    """

    name = "resize"
    ranks = SPATIAL
    transparent = True

    size: Sizes = arg(words.SIZE, doc="height and width of the result, or a map that has them")
    method: str = arg(words.RESAMPLING, "bilinear", "where the new values come from")

    def output(self, x: Shape) -> Shape:
        _, channels = grid(self, x)
        return (*self.size, channels)

    def sets_size(self) -> bool:
        return True

    def field_on(self, x: Shape) -> tuple[Sizes, tuple[float, ...]]:
        extent = 1 if self.method == "nearest" else 2
        return (extent,) * len(self.size), _reductions(x, self.size)


@dataclass(frozen=True)
class AdaptiveAvgPool(Op):
    """Mean of each cell of a grid of `size`, which is no finer than the map.

    Cell i of n on an axis of m positions goes from floor(i * m / n) up to, not including,
    ceil((i + 1) * m / n), so that cells overlap where n does not divide m.

    Shape:
      (h, w, c) to (height, width, c) of `size`.
    Source:
      PyTorch's `AdaptiveAvgPool2d`; He et al., "Spatial pyramid pooling", 2014 (arXiv:1406.4729).

    >>> AdaptiveAvgPool.make({"size": 7}).output((16, 16, 512))
    (7, 7, 512)
    """

    name = "adaptive_avg_pool"
    ranks = SPATIAL
    transparent = True

    size: Sizes = arg(kinds.WINDOW, doc="height and width of the result")

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        if any(cells > n for cells, n in zip(self.size, extents, strict=True)):
            raise Reject(
                f"a grid of {sized(self.size)} is finer than the map, {sized(extents)}",
                "size",
                "`resize` enlarges",
            )
        return (*self.size, channels)

    def sets_size(self) -> bool:
        return True

    def field_on(self, x: Shape) -> tuple[Sizes, tuple[float, ...]]:
        cells = tuple(-(-n // cells) for n, cells in zip(x[:-1], self.size, strict=True))
        return cells, _reductions(x, self.size)


def _reductions(x: Shape, size: Sizes) -> tuple[float, ...]:
    """How many positions of the input lie between those of a result of this size."""
    return tuple(before / after for before, after in zip(x[:-1], size, strict=True))
