"""What all ops with tensors of their own take."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds
from cnndsl.ops.base import Op, arg


@dataclass(frozen=True)
class Weighted(Op):
    """An op with parameters, which `frozen` makes constants for the optimizer."""

    frozen: bool = arg(kinds.FLAG, False, "leave its parameters out of training")
