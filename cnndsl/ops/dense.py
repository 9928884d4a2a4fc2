"""The fully connected layer."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Shape, arg
from cnndsl.ops.initial import INITIALIZER, VECTOR_INITIALIZER, Start, check_start
from cnndsl.ops.ranks import vector
from cnndsl.ops.weighted import Kernelled


@dataclass(frozen=True)
class Dense(Kernelled):
    """Fully connected layer.

    Shape:
      (features,) to (units,).
    Params:
      kernel (features, units), bias (units,).
    MACs:
      features * units.

    >>> Dense.make({"units": 1000}).output((4096,))
    (1000,)
    """

    name = "dense"
    ranks = (0,)

    units: int = arg(kinds.POSITIVE_INTEGER, doc="features of the result")
    bias: bool = arg(kinds.FLAG, True, "add one bias per unit")
    init: Start | None = arg(
        INITIALIZER, None, "initializer of the kernel; none lets the compiler choose"
    )
    bias_init: Start = arg(VECTOR_INITIALIZER, "zeros", "initializer of the bias")

    def output(self, x: Shape) -> Shape:
        vector(self.name, x)
        check_start("bias", self.bias, self.bias_init, "zeros")
        return (self.units,)

    def kernels(self, x: Shape) -> dict[str, Shape]:
        kernel: dict[str, Shape] = {"kernel": (x[0], self.units)}
        return {**kernel, "bias": (self.units,)} if self.bias else kernel

    def macs(self, x: Shape) -> int:
        return x[0] * self.units

    def sees_everything(self) -> bool:
        return True
