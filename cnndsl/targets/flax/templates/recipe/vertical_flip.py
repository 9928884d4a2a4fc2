import jax
import jax.numpy as jnp


def vertical_flip(
    images: jax.Array, key: jax.Array, probability: float = 0.5
) -> jax.Array:
    """Turns images upside down at random: (N, H, W, C) -> (N, H, W, C)."""
    chosen = jax.random.bernoulli(key, probability, (len(images), 1, 1, 1))
    return jnp.where(chosen, images[:, ::-1], images)
