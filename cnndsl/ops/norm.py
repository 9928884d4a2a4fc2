"""Normalization layers."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import SPATIAL, Op, Shape, arg
from cnndsl.ops.initial import VECTOR_INITIALIZER, Start, check_start
from cnndsl.ops.ranks import divides, grid
from cnndsl.ops.weighted import Weighted

_EPS = "added to the variance"
_SCALE_INIT = "initializer of the factors"
_SHIFT_INIT = "initializer of the offsets"


def _learnt(x: Shape, **learnt: bool) -> dict[str, Shape]:
    """The tensors with a value per channel that an op learns."""
    return {name: (x[-1],) for name, present in learnt.items() if present}


@dataclass(frozen=True)
class BatchNorm(Weighted):
    """Batch normalization: over the images and positions of a batch, for each channel.

    Shape:
      Unchanged.
    Params:
      scale (c,), shift (c,).
    State:
      mean (c,), var (c,).
    Source:
      Ioffe & Szegedy, "Batch normalization", 2015 (arXiv:1502.03167).

    >>> bn = BatchNorm.make({})
    >>> bn.params((56, 56, 64)), bn.state((56, 56, 64))
    ({'scale': (64,), 'shift': (64,)}, {'mean': (64,), 'var': (64,)})
    """

    name = "bn"
    transparent = True

    momentum: float = arg(kinds.SHARE, 0.9, "weight of the old average in a running statistic")
    eps: float = arg(kinds.SMALL, 1e-5, _EPS)
    scale: bool = arg(kinds.FLAG, True, "learn a factor per channel")
    shift: bool = arg(kinds.FLAG, True, "learn an offset per channel")
    scale_init: Start = arg(VECTOR_INITIALIZER, "ones", _SCALE_INIT)
    shift_init: Start = arg(VECTOR_INITIALIZER, "zeros", _SHIFT_INIT)

    def output(self, x: Shape) -> Shape:
        check_start("scale", self.scale, self.scale_init, "ones")
        check_start("shift", self.shift, self.shift_init, "zeros")
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return _learnt(x, scale=self.scale, shift=self.shift)

    def state(self, x: Shape) -> dict[str, Shape]:
        return {"mean": (x[-1],), "var": (x[-1],)}


@dataclass(frozen=True)
class LayerNorm(Weighted):
    """Layer normalization: over the channels of each position.

    Shape:
      Unchanged.
    Params:
      scale (c,), shift (c,).
    Source:
      Ba et al., "Layer normalization", 2016 (arXiv:1607.06450); on feature maps as in
      Liu et al., "A ConvNet for the 2020s", 2022 (arXiv:2201.03545).

    >>> LayerNorm.make({}).output((56, 56, 96))
    (56, 56, 96)
    """

    name = "layer_norm"
    transparent = True

    eps: float = arg(kinds.SMALL, 1e-6, _EPS)
    scale_init: Start = arg(VECTOR_INITIALIZER, "ones", _SCALE_INIT)
    shift_init: Start = arg(VECTOR_INITIALIZER, "zeros", _SHIFT_INIT)

    def output(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"scale": (x[-1],), "shift": (x[-1],)}


@dataclass(frozen=True)
class GroupNorm(Weighted):
    """Group normalization: over the positions and the channels of each group.

    Shape:
      Unchanged; `groups` divides the channels.
    Params:
      scale (c,), shift (c,).
    Source:
      Wu & He, "Group normalization", 2018 (arXiv:1803.08494).

    >>> GroupNorm.make({"groups": 8}).output((28, 28, 64))
    (28, 28, 64)
    """

    name = "group_norm"
    transparent = True

    groups: int = arg(kinds.POSITIVE_INTEGER, 32, "groups of neighbouring channels")
    eps: float = arg(kinds.SMALL, 1e-5, _EPS)
    scale_init: Start = arg(VECTOR_INITIALIZER, "ones", _SCALE_INIT)
    shift_init: Start = arg(VECTOR_INITIALIZER, "zeros", _SHIFT_INIT)

    def output(self, x: Shape) -> Shape:
        divides(self.groups, x[-1])
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"scale": (x[-1],), "shift": (x[-1],)}


@dataclass(frozen=True)
class InstanceNorm(Weighted):
    """Instance normalization: over the positions of each image, for each channel.

    Shape:
      Unchanged.
    Params:
      scale (c,), shift (c,).
    Source:
      Ulyanov et al., "Instance normalization", 2016 (arXiv:1607.08022).

    >>> InstanceNorm.make({"scale": False, "shift": False}).params((64, 64, 128))
    {}
    """

    name = "instance_norm"
    ranks = SPATIAL
    transparent = True

    eps: float = arg(kinds.SMALL, 1e-5, _EPS)
    scale: bool = arg(kinds.FLAG, True, "learn a factor per channel")
    shift: bool = arg(kinds.FLAG, True, "learn an offset per channel")
    scale_init: Start = arg(VECTOR_INITIALIZER, "ones", _SCALE_INIT)
    shift_init: Start = arg(VECTOR_INITIALIZER, "zeros", _SHIFT_INIT)

    def output(self, x: Shape) -> Shape:
        check_start("scale", self.scale, self.scale_init, "ones")
        check_start("shift", self.shift, self.shift_init, "zeros")
        grid(self, x)
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return _learnt(x, scale=self.scale, shift=self.shift)


@dataclass(frozen=True)
class RMSNorm(Weighted):
    """Root mean square normalization: over the channels of each position, around zero.

    x / sqrt(mean of squares + eps), times a factor per channel.

    Shape:
      Unchanged.
    Params:
      scale (c,).
    Source:
      Zhang & Sennrich, "Root mean square layer normalization", 2019 (arXiv:1910.07467).

    >>> RMSNorm.make({}).params((14, 14, 384))
    {'scale': (384,)}
    """

    name = "rms_norm"
    transparent = True

    eps: float = arg(kinds.SMALL, 1e-6, "added to the mean of squares")
    scale_init: Start = arg(VECTOR_INITIALIZER, "ones", _SCALE_INIT)

    def output(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return _learnt(x, scale=True)


@dataclass(frozen=True)
class GlobalResponseNorm(Weighted):
    """Global response normalization: channels compete by their lengths over all positions.

    x + scale * x * n + shift, where n is the length of a channel, the root of its sum of squares
    over all positions, divided by the mean of the lengths of all channels plus eps.

    Shape:
      Unchanged.
    Params:
      scale (c,), shift (c,), both 0 before training.
    Source:
      Woo et al., "ConvNeXt V2", 2023 (arXiv:2301.00808), section 4.

    >>> GlobalResponseNorm.make({}).params((7, 7, 3072))
    {'scale': (3072,), 'shift': (3072,)}
    """

    name = "grn"
    ranks = SPATIAL

    eps: float = arg(kinds.SMALL, 1e-6, "added to the mean of lengths")

    def output(self, x: Shape) -> Shape:
        grid(self, x)
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return _learnt(x, scale=True, shift=True)


@dataclass(frozen=True)
class LocalResponseNorm(Op):
    """Local response normalization: x / (k + alpha / size * sum of squares) ** beta.

    The sum goes over `size` neighbouring channels of the same position.

    Shape:
      Unchanged.
    Source:
      Krizhevsky et al., "ImageNet classification with deep convolutional neural networks",
      2012, section 3.3; `alpha / size` as in Caffe.

    >>> LocalResponseNorm.make({}).output((55, 55, 96))
    (55, 55, 96)
    """

    name = "lrn"
    transparent = True

    size: int = arg(kinds.POSITIVE_INTEGER, 5, "channels that the sum goes over")
    alpha: float = arg(kinds.NON_NEGATIVE, 1e-4, "weight of the mean square")
    beta: float = arg(kinds.NON_NEGATIVE, 0.75, "exponent")
    k: float = arg(kinds.NON_NEGATIVE, 1.0, "constant in the divisor")

    def output(self, x: Shape) -> Shape:
        return x
