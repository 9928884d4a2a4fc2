import jax


def transpose(x: jax.Array, size: tuple[int, int] | None = None) -> jax.Array:
    """Swaps positions and channels: (N, H, W, C) -> (N, *size, H * W).

    Positions count row by row; those of the result are a column unless `size` is given.
    """
    n, height, width, channels = x.shape
    matrix = x.reshape(n, height * width, channels).swapaxes(1, 2)
    return matrix.reshape(n, *(size or (channels, 1)), height * width)
