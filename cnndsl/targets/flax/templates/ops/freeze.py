from collections.abc import Callable

from cnndsl.targets.flax.templates.ops.frozen import Frozen
from flax import nnx


def freeze(layer: Callable, when: bool = True) -> Callable:
    """Makes constants of the parameters of a layer."""
    for name, held in list(vars(layer).items()):
        if when and isinstance(held, nnx.Param):
            setattr(layer, name, Frozen(held[...]))
    return layer
