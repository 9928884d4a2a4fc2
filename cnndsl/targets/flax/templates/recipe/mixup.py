import jax
import jax.numpy as jnp


def mixup(
    images: jax.Array, labels: jax.Array, key: jax.Array, alpha: float
) -> tuple[jax.Array, jax.Array]:
    """Blends every image, and its label, with the one before it in the batch.

    Zhang et al., "mixup: Beyond Empirical Risk Minimization", 2017 (arXiv:1710.09412).

    (N, H, W, C), probabilities (N, classes) -> the same shapes
    """
    part = jax.random.beta(key, alpha, alpha)
    images = part * images + (1 - part) * jnp.roll(images, 1, axis=0)
    return images, part * labels + (1 - part) * jnp.roll(labels, 1, axis=0)
