import jax
from cnndsl.targets.flax.templates.ops.frozen import Frozen
from flax import nnx
from jax.typing import DTypeLike


def cast(model: nnx.Module, dtype: DTypeLike | None, param_dtype: DTypeLike) -> None:
    """Lets the layers of `model` compute in `dtype`, with weights in `param_dtype`."""
    model.set_attributes(dtype=dtype, param_dtype=param_dtype, raise_if_not_found=False)
    params = nnx.state(model, nnx.Any(nnx.Param, Frozen))
    nnx.update(model, jax.tree.map(lambda p: p.astype(param_dtype), params))
