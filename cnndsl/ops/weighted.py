"""What all ops with tensors of their own take."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, Shape, arg
from cnndsl.ops.words import SomeWords


@dataclass(frozen=True)
class Weighted(Op):
    """An op with parameters, which `frozen` makes constants for the optimizer."""

    frozen: bool = arg(kinds.FLAG, False, "leave its parameters out of training")


WEIGHT = SomeWords("standardized", "normalized", "scaled", "spectral")


@dataclass(frozen=True)
class Kernelled(Weighted):
    """An op with kernels, which may be brought to a norm before they are applied.

    Source:
      `standardized`: Qiao et al., "Micro-batch training with batch-channel normalization and weight
      standardization", 2019 (arXiv:1903.10520). `normalized`: Salimans & Kingma, "Weight
      normalization", 2016 (arXiv:1602.07868). `scaled`: Brock et al., "Characterizing signal
      propagation to close the performance gap in unnormalized ResNets", 2021 (arXiv:2101.08692),
      with the gain of Brock et al., "High-performance large-scale image recognition without
      normalization", 2021 (arXiv:2102.06171). `spectral`: Miyato et al., "Spectral normalization
      for generative adversarial networks", 2018 (arXiv:1802.05957).
    """

    weight: str | None = arg(
        WEIGHT,
        None,
        "what kernels go through: to mean 0 and variance 1, to a learned length, both, to norm 1",
    )

    @abstractmethod
    def kernels(self, x: Shape) -> dict[str, Shape]:
        """The kernels and the bias, by name."""

    def params(self, x: Shape) -> dict[str, Shape]:
        """Those, and the length of every feature's kernel where it is learned."""
        held = self.kernels(x)
        learned = self.weight in ("normalized", "scaled")
        return {**held, **_by_feature(held, "scale")} if learned else held

    def state(self, x: Shape) -> dict[str, Shape]:
        """The direction in which a kernel stretches most, as far as it is known."""
        return _by_feature(self.kernels(x), "u") if self.weight == "spectral" else {}


def _by_feature(held: dict[str, Shape], what: str) -> dict[str, Shape]:
    """A value per feature of every kernel: `scale`, or `depthwise_scale` where there are two."""
    kernels = {name: shape for name, shape in held.items() if name != "bias"}
    return {
        what if name == "kernel" else f"{name}_{what}": (shape[-1],)
        for name, shape in kernels.items()
    }
