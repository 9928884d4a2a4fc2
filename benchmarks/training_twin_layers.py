"""The layer of which the networks written by hand are made."""

from __future__ import annotations

from collections.abc import Callable

import jax
from flax import nnx
from jax.typing import DTypeLike


class ConvNorm(nnx.Module):
    """A convolution without bias, batch norm, and what follows them."""

    def __init__(
        self,
        features: int,
        filters: int,
        kernel: tuple[int, int] = (1, 1),
        stride: int = 1,
        *,
        padding: str | int = "SAME",
        groups: int = 1,
        epsilon: float = 1e-3,
        scale: bool = True,
        zero: bool = False,
        act: Callable[[jax.Array], jax.Array] | None = nnx.relu,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ) -> None:
        self.conv = nnx.Conv(
            features,
            filters,
            kernel,
            strides=stride,
            padding=padding,
            feature_group_count=groups,
            use_bias=False,
            dtype=dtype,
            rngs=rngs,
        )
        first = nnx.initializers.zeros if zero else nnx.initializers.ones
        self.norm = nnx.BatchNorm(
            filters, momentum=0.9, epsilon=epsilon, use_scale=scale, scale_init=first, rngs=rngs
        )
        self.act = act

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.conv(x)
        y = self.norm(y).astype(y.dtype)
        return y if self.act is None else self.act(y)
