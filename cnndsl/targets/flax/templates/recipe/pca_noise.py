import jax
import jax.numpy as jnp


def pca_noise(images: jax.Array, key: jax.Array, scale: float = 0.1) -> jax.Array:
    """Adds to every image a colour at random, along the principal components of the
    pixels of ImageNet; `scale` is the deviation, in theirs.

    Krizhevsky, Sutskever & Hinton, "ImageNet Classification with Deep Convolutional
    Neural Networks", 2012, section 4.1; components for pixels from 0 to 1.

    (N, H, W, 3) -> (N, H, W, 3)
    """
    deviations = jnp.array([0.2175, 0.0188, 0.0045])
    components = jnp.array(
        [
            [-0.5675, -0.5808, -0.5836],
            [0.7192, -0.0045, -0.6948],
            [0.4009, -0.8140, 0.4203],
        ]
    )
    weights = scale * jax.random.normal(key, (len(images), 3)) * deviations
    return images + (weights @ components)[:, None, None]
