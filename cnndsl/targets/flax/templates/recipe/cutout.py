import jax
import jax.numpy as jnp


def cutout(images: jax.Array, key: jax.Array, size: int) -> jax.Array:
    """Blackens a square of every image, around a pixel at random.

    DeVries & Taylor, "Improved Regularization of Convolutional Neural Networks with
    Cutout", 2017 (arXiv:1708.04552).

    (N, H, W, C) -> (N, H, W, C)
    """
    n, height, width, _ = images.shape
    centres = jax.random.randint(key, (n, 2), 0, jnp.array((height, width)))
    top, left = (centres - size // 2).T[..., None, None]
    row, column = jnp.arange(height)[:, None], jnp.arange(width)
    inside = (row >= top) & (row < top + size)
    inside &= (column >= left) & (column < left + size)
    return jnp.where(inside[..., None], 0, images)
