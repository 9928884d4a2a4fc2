import jax
import jax.numpy as jnp
from flax import nnx


def avg_pool(
    x: jax.Array,
    window: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    padding: str | tuple[tuple[int, int], ...] = "SAME",
) -> jax.Array:
    """Averages what of each window lies inside the map."""
    ones = jnp.ones_like(x[:1, ..., :1])
    sums = nnx.pool(x, 0.0, jax.lax.add, window, strides, padding)
    return sums / nnx.pool(ones, 0.0, jax.lax.add, window, strides, padding)
