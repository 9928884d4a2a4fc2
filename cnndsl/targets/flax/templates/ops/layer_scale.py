import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike


class LayerScale(nnx.Module):
    """A learned factor per channel, `init` at the start.

    Touvron et al., "Going Deeper with Image Transformers", 2021 (arXiv:2103.17239).

    (..., features) -> (..., features)
    """

    def __init__(
        self,
        features: int,
        init: float = 1e-6,
        *,
        dtype: DTypeLike = jnp.float32,
        param_dtype: DTypeLike = jnp.float32,
    ):
        self.scale = nnx.Param(jnp.full(features, init, param_dtype))
        self.dtype = dtype

    def __call__(self, x: jax.Array) -> jax.Array:
        return x.astype(self.dtype) * self.scale[...].astype(self.dtype)
