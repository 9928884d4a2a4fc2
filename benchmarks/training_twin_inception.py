"""InceptionV3 as a careful person writes it in Flax, to time the generated one against."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from training_twin_layers import ConvNorm

Layer = Callable[..., ConvNorm]
Chain = nnx.Sequential


class Concat(nnx.Module):
    """Branches side by side."""

    def __init__(self, *branches: Callable[[jax.Array], jax.Array]) -> None:
        self.branches = nnx.List(branches)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jnp.concatenate([branch(x) for branch in self.branches], axis=-1)


class Pool(nnx.Module):
    """The mean of a pixel's surroundings, or with a stride of 2 their maximum."""

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride

    def __call__(self, x: jax.Array) -> jax.Array:
        if self.stride == 2:
            return nnx.max_pool(x, (3, 3), (2, 2))
        return nnx.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False)


def inception_a(conv: Layer, features: int, pool: int) -> Concat:
    """Figure 5."""
    return Concat(
        conv(features, 64),
        Chain(conv(features, 48), conv(48, 64, (5, 5))),
        Chain(conv(features, 64), conv(64, 96, (3, 3)), conv(96, 96, (3, 3))),
        Chain(Pool(), conv(features, pool)),
    )


def reduction_a(conv: Layer) -> Concat:
    last = partial(conv, kernel=(3, 3), stride=2, padding="VALID")
    return Concat(
        last(288, 384),
        Chain(conv(288, 64), conv(64, 96, (3, 3)), last(96, 96)),
        Pool(2),
    )


def inception_b(conv: Layer, width: int) -> Concat:
    """Figure 6."""
    row, column = (1, 7), (7, 1)
    return Concat(
        conv(768, 192),
        Chain(conv(768, width), conv(width, width, row), conv(width, 192, column)),
        Chain(
            conv(768, width),
            *(conv(width, width, kernel) for kernel in (column, row, column)),
            conv(width, 192, row),
        ),
        Chain(Pool(), conv(768, 192)),
    )


def reduction_b(conv: Layer) -> Concat:
    last = partial(conv, kernel=(3, 3), stride=2, padding="VALID")
    seven = Chain(conv(768, 192), conv(192, 192, (1, 7)), conv(192, 192, (7, 1)), last(192, 192))
    return Concat(Chain(conv(768, 192), last(192, 320)), seven, Pool(2))


def inception_c(conv: Layer, features: int) -> Concat:
    """Figure 7."""
    return Concat(
        conv(features, 320),
        Chain(conv(features, 384), Concat(conv(384, 384, (1, 3)), conv(384, 384, (3, 1)))),
        Chain(
            conv(features, 448),
            conv(448, 384, (3, 3)),
            Concat(conv(384, 384, (1, 3)), conv(384, 384, (3, 1))),
        ),
        Chain(Pool(), conv(features, 192)),
    )


class InceptionV3(nnx.Module):
    """Szegedy et al., "Rethinking the Inception Architecture", 2015, Table 1."""

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        conv = partial(ConvNorm, scale=False, dtype=dtype, rngs=rngs)
        self.layers = Chain(
            conv(3, 32, (3, 3), 2, padding="VALID"),
            conv(32, 32, (3, 3), padding="VALID"),
            conv(32, 64, (3, 3)),
            Pool(2),
            conv(64, 80),
            conv(80, 192, (3, 3), padding="VALID"),
            Pool(2),
            inception_a(conv, 192, 32),
            inception_a(conv, 256, 64),
            inception_a(conv, 288, 64),
            reduction_a(conv),
            *(inception_b(conv, width) for width in (128, 160, 160, 192)),
            reduction_b(conv),
            inception_c(conv, 1280),
            inception_c(conv, 2048),
        )
        self.dense = nnx.Linear(2048, classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.dense(jnp.mean(self.layers(x.astype(self.dtype)), axis=(1, 2)))
