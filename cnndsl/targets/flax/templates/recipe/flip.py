import jax
import jax.numpy as jnp


def flip(images: jax.Array, key: jax.Array, probability: float = 0.5) -> jax.Array:
    """Mirrors images at random, left for right: (N, H, W, C) -> (N, H, W, C)."""
    chosen = jax.random.bernoulli(key, probability, (len(images), 1, 1, 1))
    return jnp.where(chosen, images[:, :, ::-1], images)
