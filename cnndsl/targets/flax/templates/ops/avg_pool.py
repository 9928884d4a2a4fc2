import jax
from flax import nnx


def avg_pool(
    x: jax.Array,
    window: tuple[int, int],
    strides: tuple[int, int] = (1, 1),
    padding: str | tuple[tuple[int, int], tuple[int, int]] = "SAME",
) -> jax.Array:
    """Averages what of each window lies inside the map."""
    y = nnx.avg_pool(x, window, strides, padding, count_include_pad=False)
    return y.astype(x.dtype)
