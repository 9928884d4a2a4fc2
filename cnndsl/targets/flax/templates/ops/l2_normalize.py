import jax
import jax.numpy as jnp


def l2_normalize(
    x: jax.Array, axis: int | tuple[int, ...] = -1, epsilon: float = 1e-12
) -> jax.Array:
    """Divides by the length along `axis`, whose square is at least `epsilon`."""
    squares = jnp.sum(x * x, axis=axis, keepdims=True)
    return x * jax.lax.rsqrt(jnp.maximum(squares, epsilon))
