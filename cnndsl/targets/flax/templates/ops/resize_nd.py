import jax


def resize_nd(
    x: jax.Array, size: tuple[int, ...], method: str = "bilinear"
) -> jax.Array:
    """Brings each axis to its `size`, with positions at their centres, unsmoothed.

    (N, ..., C) -> (N, *size, C)
    """
    shape = (x.shape[0], *size, x.shape[-1])
    return jax.image.resize(x, shape, method, antialias=False)
