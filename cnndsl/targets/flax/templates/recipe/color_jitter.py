import jax
import jax.numpy as jnp


def color_jitter(
    images: jax.Array,
    key: jax.Array,
    brightness: float = 0.0,
    contrast: float = 0.0,
    saturation: float = 0.0,
    hue: float = 0.0,
) -> jax.Array:
    """Changes colours at random: each of the first three by a factor of up to 1 +- its
    value, the hue by up to that part of a turn around the axis of greys (YIQ).

    (N, H, W, 3) -> (N, H, W, 3), from 0 to 1
    """
    spread = jnp.array([brightness, contrast, saturation, 2 * jnp.pi * hue])
    changes = jax.random.uniform(key, (len(images), 4), minval=-spread, maxval=spread)
    bright, contrasted, saturated, angle = changes.T[..., None, None, None]
    yiq = jnp.array(
        [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
    )
    images = images * (1 + bright)
    mean = (images @ yiq[0]).mean(axis=(1, 2))[:, None, None, None]
    images = mean + (images - mean) * (1 + contrasted)
    y, i, q = jnp.split(images @ yiq.T, 3, axis=-1)
    cos, sin = (1 + saturated) * jnp.cos(angle), (1 + saturated) * jnp.sin(angle)
    turned = jnp.concatenate([y, cos * i - sin * q, sin * i + cos * q], axis=-1)
    return jnp.clip(turned @ jnp.linalg.inv(yiq).T, 0, 1)
