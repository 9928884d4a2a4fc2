import jax


def pixel_shuffle(x: jax.Array, factor: int) -> jax.Array:
    """Makes squares of `factor` x `factor` positions of as many channels.

    Shi et al., "Real-Time Super-Resolution", 2016 (arXiv:1609.05158), section 2.2.

    (N, H, W, C * factor ** 2) -> (N, H * factor, W * factor, C)
    """
    n, height, width, _ = x.shape
    x = x.reshape(n, height, width, -1, factor, factor)
    x = x.transpose(0, 1, 4, 2, 5, 3)
    return x.reshape(n, height * factor, width * factor, -1)
