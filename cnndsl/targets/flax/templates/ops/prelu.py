import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class PReLU(nnx.Module):
    """A learned slope for what is negative, one per channel, 1/4 at the start.

    He et al., "Delving Deep into Rectifiers", 2015 (arXiv:1502.01852).

    (..., features) -> (..., features)
    """

    def __init__(self, features: int):
        self.slope = nnx.Param(jnp.full(features, 0.25))
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        x, slope = promote_dtype((x, self.slope[...]), dtype=self.dtype)
        return jnp.where(x >= 0, x, slope * x)
