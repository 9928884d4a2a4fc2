"""Pooling over windows and over the whole feature map."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import SPATIAL, Op, Reject, Shape, arg
from cnndsl.ops.ranks import grid
from cnndsl.ops.spelled import Same, show
from cnndsl.ops.window import Pad, Sides, Sizes, by_axis, margin_of_ceil, overhang, sides, slide

_CEIL = "let a last window hang over the end of the map, where nothing counts"


@dataclass(frozen=True)
class _Pool(Op):
    ranks = SPATIAL

    window: Sizes = arg(kinds.WINDOW, doc="size of the window")
    stride: Sizes = arg(kinds.WINDOW, Same("window"), "step of the window")
    pad: Pad = arg(kinds.PADDING, "valid", "zeros, or minus infinity, around the map")

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        if not isinstance(self.pad, str):
            self._check_border(self.pad)
        if self.rounds_up() and self.pad == "same":
            raise Reject("`pad = same` rounds sizes up by itself", "ceil", "leave out `ceil`")
        size = slide(extents, self.window, self.stride, self.pad_on(extents), focus="window")
        return (*size, channels)

    @abstractmethod
    def rounds_up(self) -> bool:
        """Whether a last window may hang over the end of the map."""

    def overhang_on(self, size: Sizes) -> Sizes:
        """How far last windows reach behind the padding of such a map, along each axis."""
        if not self.rounds_up():
            return (0,) * len(size)
        around = by_axis(sides(self.pad, len(size)))
        return tuple(
            overhang(n, window, step, before, after)
            for n, window, step, (before, after) in zip(
                size, self.window, self.stride, around, strict=True
            )
        )

    def margins_of_ceil(self) -> Sizes:
        """What behind the padding, along each axis, does on maps of any size what `ceil` does."""
        if not self.rounds_up():
            return (0,) * len(self.window)
        around = by_axis(sides(self.pad, len(self.window)))
        return tuple(
            margin_of_ceil(window, step, after)
            for window, step, (_, after) in zip(self.window, self.stride, around, strict=True)
        )

    def pad_on(self, size: Sizes) -> Pad:
        """The padding on a map of this size, with what last windows hang over."""
        if not self.rounds_up():
            return self.pad
        around = zip(by_axis(sides(self.pad, len(size))), self.overhang_on(size), strict=True)
        return tuple(side for (before, after), more in around for side in (before, after + more))

    def _check_border(self, pad: Sides) -> None:
        """A window that lies in the padding altogether has no value."""
        for both, extent in zip(by_axis(pad), self.window, strict=True):
            if max(both) >= extent:
                raise Reject(
                    f"padding by {show(max(both))} must be smaller than the window, {show(extent)}",
                    "pad",
                )

    def field(self, rank: int = 2) -> tuple[Sizes, Sizes]:
        return self.window, self.stride


@dataclass(frozen=True)
class MaxPool(_Pool):
    """Largest value of each window; the padding is minus infinity.

    Shape:
      (h, w, c) to (h', w', c). `same`: ceil(h / stride); `valid` and explicit padding:
      floor((h + padding - window) / stride) + 1. With `ceil` that is rounded up, unless the last
      window would begin behind the map, as PyTorch's `ceil_mode` has it.

    >>> MaxPool.make({"window": 3, "stride": 2, "pad": 1}).output((112, 112, 64))
    (56, 56, 64)
    """

    name = "max_pool"
    transparent = True

    ceil: bool = arg(kinds.FLAG, False, _CEIL)

    def rounds_up(self) -> bool:
        return self.ceil


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
    ceil: bool = arg(kinds.FLAG, False, _CEIL)

    def rounds_up(self) -> bool:
        return self.ceil


@dataclass(frozen=True)
class _GlobalPool(Op):
    ranks = SPATIAL

    keep: bool = arg(kinds.FLAG, False, "give 1x1xC in place of a vector")

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        return (*(1 for _ in extents), channels) if self.keep else (channels,)

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
