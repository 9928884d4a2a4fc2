import jax
import jax.numpy as jnp


def pad_channels(x: jax.Array, total: int) -> jax.Array:
    """Appends channels of zeros: (..., in_features) -> (..., total)."""
    zeros = ((0, 0),) * (x.ndim - 1) + ((0, total - x.shape[-1]),)
    return jnp.pad(x, zeros)
