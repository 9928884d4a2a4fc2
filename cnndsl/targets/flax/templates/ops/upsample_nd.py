import jax


def upsample_nd(
    x: jax.Array, factor: tuple[int, ...], method: str = "nearest"
) -> jax.Array:
    """Enlarges each axis by its factor; "bilinear" puts positions at their centres.

    (N, ..., C) -> (N, ... * factor, C)
    """
    sizes = (n * times for n, times in zip(x.shape[1:-1], factor, strict=True))
    return jax.image.resize(x, (x.shape[0], *sizes, x.shape[-1]), method)
