import jax
import jax.numpy as jnp


def one_hot(labels: jax.Array, classes: int) -> jax.Array:
    """Integers (N,) as probabilities (N, classes); probabilities stay as they are."""
    if jnp.issubdtype(labels.dtype, jnp.integer):
        return jax.nn.one_hot(labels, classes)
    return labels
