import jax
import jax.numpy as jnp


def adaptive_avg_pool_nd(x: jax.Array, size: tuple[int, ...]) -> jax.Array:
    """Averages each cell of a grid of `size`, as PyTorch's AdaptiveAvgPool1d and 3d.

    (N, ..., C) -> (N, *size, C)
    """
    for axis, cells in enumerate(size, start=1):
        extent = x.shape[axis]
        parts = []
        for i in range(cells):
            start, stop = i * extent // cells, -(-(i + 1) * extent // cells)
            part = jax.lax.slice_in_dim(x, start, stop, axis=axis)
            parts.append(part.mean(axis=axis, keepdims=True))
        x = jnp.concatenate(parts, axis=axis)
    return x
