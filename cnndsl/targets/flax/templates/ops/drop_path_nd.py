import jax
import jax.numpy as jnp
from flax import nnx


class DropPathNd(nnx.Module):
    """Drops whole samples while training, and scales those that it keeps.

    Huang et al., "Deep Networks with Stochastic Depth", 2016 (arXiv:1603.09382).

    (N, ...) -> (N, ...)
    """

    def __init__(self, rate: float, *, rngs: nnx.Rngs):
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        ones = jnp.ones((x.shape[0], *(1,) * (x.ndim - 1)), x.dtype)
        return x * self.dropout(ones)
