from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


class ScaledWeight(nnx.Module):
    """A layer whose kernel has mean 0 and a learned length for each feature.

    Brock et al., "High-Performance Large-Scale Image Recognition Without
    Normalization", 2021 (arXiv:2102.06171).
    """

    def __init__(self, layer: Any):
        self.layer = layer
        self.scale = nnx.Param(jnp.ones(layer.kernel.shape[-1]))

    def __call__(self, x: jax.Array) -> jax.Array:
        layer, kernel = nnx.clone(self.layer), self.layer.kernel[...]
        axes = tuple(range(kernel.ndim - 1))
        centred = kernel - kernel.mean(axis=axes)
        squares = jnp.maximum(jnp.square(centred).sum(axis=axes), 1e-4)
        layer.kernel.set_value(centred * (self.scale[...] * jax.lax.rsqrt(squares)))
        return layer(x)
