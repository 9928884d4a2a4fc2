import jax
import jax.numpy as jnp


def fixed(
    x: jax.Array, values: float | tuple, shape: tuple[int, ...] | None = None
) -> jax.Array:
    """Numbers, or one in all places of `shape`, for every image of the batch `x`."""
    array = jnp.asarray(values, jnp.result_type(x, float))
    return jnp.broadcast_to(array, (x.shape[0], *(shape or array.shape)))
