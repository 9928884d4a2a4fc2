from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


class WeightNorm(nnx.Module):
    """A layer whose kernel has a learned length for each feature.

    Salimans & Kingma, "Weight Normalization", 2016 (arXiv:1602.07868).
    """

    def __init__(self, layer: Any):
        self.layer = layer
        kernel = layer.kernel[...]
        lengths = jnp.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
        self.scale = nnx.Param(lengths)

    def __call__(self, x: jax.Array) -> jax.Array:
        layer, kernel = nnx.clone(self.layer), self.layer.kernel[...]
        lengths = jnp.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), axis=0)
        layer.kernel.set_value(kernel * (self.scale[...] / (lengths + 1e-12)))
        return layer(x)
