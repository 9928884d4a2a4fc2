import jax
import jax.numpy as jnp


def cutmix(
    images: jax.Array, labels: jax.Array, key: jax.Array, alpha: float = 1.0
) -> tuple[jax.Array, jax.Array]:
    """Replaces a box of every image by that of the one before it in the batch, and as
    large a part of its label.

    Yun et al., "CutMix: Regularization Strategy to Train Strong Classifiers with
    Localizable Features", 2019 (arXiv:1905.04899).

    (N, H, W, C), probabilities (N, classes) -> the same shapes
    """
    for_part, for_centre = jax.random.split(key)
    _, height, width, _ = images.shape
    whole = jnp.array((height, width))
    sides = jnp.sqrt(1 - jax.random.beta(for_part, alpha, alpha)) * whole
    top, left = jax.random.randint(for_centre, (2,), 0, whole) - sides // 2
    row, column = jnp.arange(height)[:, None], jnp.arange(width)
    inside = (row >= top) & (row < top + sides[0])
    inside &= (column >= left) & (column < left + sides[1])
    part = inside.mean()
    images = jnp.where(inside[..., None], jnp.roll(images, 1, axis=0), images)
    return images, (1 - part) * labels + part * jnp.roll(labels, 1, axis=0)
