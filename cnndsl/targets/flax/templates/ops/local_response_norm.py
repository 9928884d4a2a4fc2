import jax


def local_response_norm(
    x: jax.Array, size: int = 5, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> jax.Array:
    """Divides by (k + alpha / size * sum of squares over `size` channels) ** beta."""
    window = (1,) * (x.ndim - 1) + (size,)
    # An even window reaches one channel further down than up.
    padding = ((0, 0),) * (x.ndim - 1) + ((size // 2, (size - 1) // 2),)
    sums = jax.lax.reduce_window(
        x * x, 0.0, jax.lax.add, window, (1,) * x.ndim, padding
    )
    return x / (k + alpha / size * sums) ** beta
