from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx


class SpectralNorm(nnx.Module):
    """A layer whose kernel is divided by its largest singular value, which one step of
    the power iteration follows whenever the layer runs in training.

    Miyato et al., "Spectral Normalization for GANs", 2018 (arXiv:1802.05957).
    """

    def __init__(self, layer: Any):
        self.layer = layer
        features = layer.kernel.shape[-1]
        self.u = nnx.BatchStat(jnp.full(features, features**-0.5))
        self.use_running_average = False

    def __call__(self, x: jax.Array) -> jax.Array:
        layer, kernel = nnx.clone(self.layer), self.layer.kernel[...]
        matrix = kernel.reshape(-1, kernel.shape[-1])
        fixed = jax.lax.stop_gradient(matrix)
        v = fixed @ self.u[...]
        v /= jnp.linalg.norm(v) + 1e-12
        u = v @ fixed
        u /= jnp.linalg.norm(u) + 1e-12
        if not self.use_running_average:
            self.u[...] = u
        layer.kernel.set_value(kernel / (v @ matrix @ u + 1e-12))
        return layer(x)
