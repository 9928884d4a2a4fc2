from collections.abc import Callable
from typing import Any

from cnndsl.targets.flax.templates.ops.frozen import Frozen
from flax import nnx


def freeze(layer: Any, when: bool = True) -> Callable:
    """Makes constants of the parameters of a layer."""
    for _, module in list(nnx.iter_modules(layer)):
        for name, held in list(vars(module).items()):
            if when and isinstance(held, nnx.Param):
                setattr(module, name, Frozen(held[...]))
    return layer
