import jax
import jax.numpy as jnp


def channel_shuffle(x: jax.Array, groups: int) -> jax.Array:
    """Interleaves the channels of `groups` groups: the first of each, the second, ….

    Zhang et al., "ShuffleNet", 2017 (arXiv:1707.01083).
    """
    grouped = x.reshape(*x.shape[:-1], groups, -1)
    return jnp.swapaxes(grouped, -2, -1).reshape(x.shape)
