import jax


def space_to_depth(x: jax.Array, factor: int) -> jax.Array:
    """Makes channels of squares of `factor` x `factor` positions, position by position.

    (N, H, W, C) -> (N, H / factor, W / factor, C * factor ** 2)
    """
    n, height, width, _ = x.shape
    x = x.reshape(n, height // factor, factor, width // factor, factor, -1)
    x = x.transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, height // factor, width // factor, -1)
