import jax
import jax.numpy as jnp
from flax import nnx


def average(
    averages: nnx.State, params: nnx.State, step: jax.Array, decay: float
) -> nnx.State:
    """The moving averages of parameters after a step, the first of which is 0.

    The first steps count for more than `decay` says, so that the averages soon forget
    where they began.
    """
    kept = jnp.minimum(decay, (1 + step) / (10 + step))
    return jax.tree.map(
        lambda old, new: kept * old + (1 - kept) * new, averages, params
    )
