import jax
import jax.numpy as jnp


def rbf(x: jax.Array, codes: tuple[tuple[float, ...], ...]) -> jax.Array:
    """Minus the squared distance to the code of each class.

    (N, features) -> (N, len(codes))
    """
    differences = x[:, None] - jnp.asarray(codes, x.dtype)
    return -jnp.sum(differences**2, axis=-1)
