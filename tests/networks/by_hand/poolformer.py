"""PoolFormer, (N, H, W, 3) to its logits: MetaFormer with pooling for a mixer."""

from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import nnx


def neighbours(x: jax.Array) -> jax.Array:
    """The mean of the 3x3 positions around each, of those that are in the map."""
    ones = jnp.ones((1, *x.shape[1:3], 1))

    def total(values: jax.Array) -> jax.Array:
        window = (1, 3, 3, 1)
        return jax.lax.reduce_window(values, 0.0, jax.lax.add, window, (1, 1, 1, 1), "SAME")

    return total(x) / total(ones)


class Factor(nnx.Module):
    def __init__(self, features: int) -> None:
        self.factor = nnx.Param(jnp.full((features,), 1e-5))

    def __call__(self, x: jax.Array) -> jax.Array:
        return x * self.factor[...]


class Unit(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.norms = nnx.List(nnx.GroupNorm(features, 1, epsilon=1e-5, rngs=rngs) for _ in range(2))
        self.factors = nnx.List(Factor(features) for _ in range(2))
        self.expand = nnx.Conv(features, 4 * features, (1, 1), rngs=rngs)
        self.reduce = nnx.Conv(4 * features, features, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.norms[0](x)
        x = x + self.factors[0](neighbours(y) - y)
        y = jax.nn.gelu(self.expand(self.norms[1](x)), approximate=False)
        return x + self.factors[1](self.reduce(y))


class PoolFormerS12(nnx.Module):
    def __init__(self, classes: int = 1000, *, rngs: nnx.Rngs) -> None:
        widths = (64, 128, 320, 512)
        self.embed = nnx.List(
            [nnx.Conv(3, widths[0], (7, 7), strides=4, padding=((2, 2), (2, 2)), rngs=rngs)]
        )
        for before, after in pairwise(widths):
            self.embed.append(
                nnx.Conv(before, after, (3, 3), strides=2, padding=((1, 1), (1, 1)), rngs=rngs)
            )
        self.stages = nnx.List(
            nnx.List(Unit(width, rngs=rngs) for _ in range(depth))
            for width, depth in zip(widths, (2, 2, 6, 2), strict=True)
        )
        self.norm = nnx.GroupNorm(widths[-1], 1, epsilon=1e-5, rngs=rngs)
        self.head = nnx.Linear(widths[-1], classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for embed, units in zip(self.embed, self.stages, strict=True):
            x = embed(x)
            for unit in units:
                x = unit(x)
        return self.head(self.norm(x).mean(axis=(1, 2)))
