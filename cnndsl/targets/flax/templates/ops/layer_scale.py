import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class LayerScale(nnx.Module):
    """A learned factor per channel, `init` at the start.

    Touvron et al., "Going Deeper with Image Transformers", 2021 (arXiv:2103.17239).

    (..., features) -> (..., features)
    """

    def __init__(self, features: int, init: float = 1e-6):
        self.scale = nnx.Param(jnp.full(features, init))
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        x, scale = promote_dtype((x, self.scale[...]), dtype=self.dtype)
        return x * scale
