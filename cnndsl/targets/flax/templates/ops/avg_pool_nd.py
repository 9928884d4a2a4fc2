import jax
import jax.numpy as jnp
from flax import nnx


def avg_pool_nd(
    x: jax.Array,
    window: tuple[int, ...],
    strides: tuple[int, ...],
    padding: str | tuple[tuple[int, int], ...] = "SAME",
) -> jax.Array:
    """Averages what of each window lies inside the map, along any number of axes."""
    ones = jnp.ones_like(x[:1, ..., :1])
    sums = nnx.pool(x, 0.0, jax.lax.add, window, strides, padding)
    return sums / nnx.pool(ones, 0.0, jax.lax.add, window, strides, padding)
