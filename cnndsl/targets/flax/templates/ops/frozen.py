import jax
from flax import nnx


class Frozen(nnx.Variable[jax.Array]):
    """A tensor that `nnx.Optimizer(model, optimizer, wrt=nnx.Param)` leaves alone."""
