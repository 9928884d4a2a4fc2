import jax
import jax.numpy as jnp
from flax import nnx


def mish(x: jax.Array) -> jax.Array:
    """Misra, "Mish", 2019 (arXiv:1908.08681)."""
    return x * jnp.tanh(nnx.softplus(x))
