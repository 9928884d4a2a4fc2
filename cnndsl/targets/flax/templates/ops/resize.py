import jax


def resize(x: jax.Array, size: tuple[int, ...], method: str = "bilinear") -> jax.Array:
    """Brings height and width to `size`, with pixels at their centres, unsmoothed.

    (N, H, W, C) -> (N, *size, C)
    """
    shape = (x.shape[0], *size, x.shape[-1])
    return jax.image.resize(x, shape, method, antialias=False)
