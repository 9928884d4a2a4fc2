"""Normalization layers."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Shape, arg
from cnndsl.ops.ranks import divides

_EPS = "added to the variance"


@dataclass(frozen=True)
class BatchNorm(Op):
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
    eps: float = arg(kinds.POSITIVE, 1e-5, _EPS)
    scale: bool = arg(kinds.FLAG, True, "learn a factor per channel")
    shift: bool = arg(kinds.FLAG, True, "learn an offset per channel")

    def output(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        learnt = {"scale": self.scale, "shift": self.shift}
        return {name: (x[-1],) for name, present in learnt.items() if present}

    def state(self, x: Shape) -> dict[str, Shape]:
        return {"mean": (x[-1],), "var": (x[-1],)}


@dataclass(frozen=True)
class LayerNorm(Op):
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

    eps: float = arg(kinds.POSITIVE, 1e-6, _EPS)

    def output(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"scale": (x[-1],), "shift": (x[-1],)}


@dataclass(frozen=True)
class GroupNorm(Op):
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
    eps: float = arg(kinds.POSITIVE, 1e-5, _EPS)

    def output(self, x: Shape) -> Shape:
        divides(self.groups, x[-1])
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"scale": (x[-1],), "shift": (x[-1],)}


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
