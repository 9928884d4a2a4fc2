"""Pooling over windows and over the whole feature map."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Reject, Same, Shape, arg, show
from cnndsl.ops.ranks import feature_map
from cnndsl.ops.window import Pad, Pair, slide


@dataclass(frozen=True)
class _Pool(Op):
    window: Pair = arg(kinds.WINDOW, doc="size of the window")
    stride: Pair = arg(kinds.WINDOW, Same("window"), "step of the window")
    pad: Pad = arg(kinds.PADDING, "valid", "zeros, or minus infinity, around the map")

    def output(self, x: Shape) -> Shape:
        height, width, channels = feature_map(self.name, x)
        if not isinstance(self.pad, str):
            self._check_border(self.pad)
        size = slide((height, width), self.window, self.stride, self.pad, focus="window")
        return (*size, channels)

    def _check_border(self, pad: tuple[int, int, int, int]) -> None:
        """A window that lies in the padding altogether has no value."""
        rows, columns = self.window
        for side, extent in zip(pad, (rows, rows, columns, columns), strict=True):
            if side >= extent:
                raise Reject(
                    f"padding by {show(side)} must be smaller than the window, {show(extent)}",
                    "pad",
                )

    def field(self) -> tuple[Pair, Pair]:
        return self.window, self.stride


class MaxPool(_Pool):
    """Largest value of each window; the padding is minus infinity.

    Shape:
      (h, w, c) to (h', w', c). `same`: ceil(h / stride); `valid` and explicit padding:
      floor((h + padding - window) / stride) + 1.

    >>> MaxPool.make({"window": 3, "stride": 2, "pad": 1}).output((112, 112, 64))
    (56, 56, 64)
    """

    name = "max_pool"
    transparent = True


@dataclass(frozen=True)
class AvgPool(_Pool):
    """Mean of each window.

    Shape:
      (h, w, c) to (h', w', c), with the sizes of `max_pool`.

    >>> AvgPool.make({"window": 2}).output((56, 56, 128))
    (28, 28, 128)
    """

    name = "avg_pool"
    transparent = True

    count_pad: bool = arg(kinds.FLAG, False, "count the zeros of the padding in the mean")


@dataclass(frozen=True)
class _GlobalPool(Op):
    keep: bool = arg(kinds.FLAG, False, "give 1x1xC in place of a vector")

    def output(self, x: Shape) -> Shape:
        channels = feature_map(self.name, x)[2]
        return (1, 1, channels) if self.keep else (channels,)

    def sees_everything(self) -> bool:
        return True


class GlobalAvgPool(_GlobalPool):
    """Mean of each channel.

    Shape:
      (h, w, c) to (c,), or to (1, 1, c) with `keep`.
    Source:
      Lin et al., "Network in network", 2013 (arXiv:1312.4400).

    >>> GlobalAvgPool.make({}).output((7, 7, 2048))
    (2048,)
    >>> GlobalAvgPool.make({"keep": True}).output((7, 7, 2048))
    (1, 1, 2048)
    """

    name = "global_avg_pool"
    transparent = True


class GlobalMaxPool(_GlobalPool):
    """Largest value of each channel.

    Shape:
      (h, w, c) to (c,), or to (1, 1, c) with `keep`.

    >>> GlobalMaxPool.make({}).output((7, 7, 512))
    (512,)
    """

    name = "global_max_pool"
    transparent = True
