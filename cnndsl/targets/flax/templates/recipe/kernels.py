import jax
from flax import nnx


def kernels(model: nnx.Module) -> nnx.State:
    """The parameters of a model, each replaced by whether its weights decay: kernels
    do, which have several axes, biases and the scales of norms do not."""
    params = nnx.as_pure(nnx.state(model, nnx.Param))
    return jax.tree.map(lambda param: param.ndim > 1, params)
