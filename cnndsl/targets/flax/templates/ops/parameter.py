import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class Parameter(nnx.Module):
    """A learned tensor, the same for every image of the batch that it is called with.

    (N, ...) -> (N, *shape)
    """

    def __init__(
        self, shape: tuple[int, ...], init: nnx.Initializer, *, rngs: nnx.Rngs
    ):
        self.value = nnx.Param(init(rngs.params(), shape))
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        (value,) = promote_dtype((self.value[...],), dtype=self.dtype)
        return jnp.broadcast_to(value, (x.shape[0], *value.shape))
