"""Factors and offsets, learnt or constant. Constants are not state."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Reject, Shape, arg
from cnndsl.ops.spelled import show
from cnndsl.ops.weighted import Weighted

PerChannel = float | tuple[float, ...]


@dataclass(frozen=True)
class Scale(Op):
    """x times a constant.

    Shape:
      Unchanged.
    Source:
      Szegedy et al., "Inception-v4", 2016 (arXiv:1602.07261), section 3.3: residual scaling.

    >>> Scale.make({"factor": 0.17}).output((35, 35, 256))
    (35, 35, 256)
    """

    name = "scale"
    transparent = True

    factor: float = arg(kinds.NUMBER, doc="the constant")

    def output(self, x: Shape) -> Shape:
        return x


@dataclass(frozen=True)
class LayerScale(Weighted):
    """x times one learnt factor per channel.

    Shape:
      Unchanged.
    Params:
      scale (c,).
    Source:
      Touvron et al., "Going deeper with image transformers", 2021 (arXiv:2103.17239).

    >>> LayerScale.make({}).params((56, 56, 96))
    {'scale': (96,)}
    """

    name = "layer_scale"
    transparent = True

    init: float = arg(kinds.NUMBER, 1e-6, "value of every factor before training")

    def output(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"scale": (x[-1],)}


@dataclass(frozen=True)
class Normalize(Op):
    """(x - mean) / std, with constants.

    Shape:
      Unchanged; a list has one number per channel.

    >>> Normalize.make({"mean": [0.5, 0.5, 0.5], "std": 0.25}).output((224, 224, 3))
    (224, 224, 3)
    """

    name = "normalize"
    transparent = True

    mean: PerChannel = arg(kinds.PER_CHANNEL, doc="subtracted first")
    std: PerChannel = arg(kinds.POSITIVE_PER_CHANNEL, doc="divides the difference")

    def output(self, x: Shape) -> Shape:
        for focus, constant in (("mean", self.mean), ("std", self.std)):
            if isinstance(constant, tuple) and len(constant) != x[-1]:
                raise Reject(
                    f"`{focus}` has {len(constant)} numbers for {show(x[-1])} channels", focus
                )
        return x


@dataclass(frozen=True)
class Rescale(Op):
    """x * scale + offset, with constants.

    Shape:
      Unchanged.

    >>> Rescale.make({"scale": 0.00784313725490196, "offset": -1.0}).output((224, 224, 3))
    (224, 224, 3)
    """

    name = "rescale"
    transparent = True

    scale: float = arg(kinds.NUMBER, doc="factor")
    offset: float = arg(kinds.NUMBER, 0.0, "added afterwards")

    def output(self, x: Shape) -> Shape:
        return x
