import jax
import jax.numpy as jnp


def as_floats(images: jax.Array) -> jax.Array:
    """Bytes, from 0 to 255, as floats from 0 to 1; floats stay as they are."""
    return images / 255 if images.dtype == jnp.uint8 else images
