import jax
import jax.numpy as jnp


def normalize(
    x: jax.Array, mean: float | tuple[float, ...], std: float | tuple[float, ...]
) -> jax.Array:
    """Subtracts `mean` and divides by `std`: one number, or one per channel."""
    dtype = jnp.result_type(x, float)
    return (x - jnp.asarray(mean, dtype)) / jnp.asarray(std, dtype)
