"""How each op looks in Flax NNX: one small function per op, found by the op's name."""

from __future__ import annotations

from cnndsl.targets.flax.ops import (
    activation,
    axes,
    conv,
    elementwise,
    learned,
    norm,
    pool,
    resample,
    shape,
)
from cnndsl.targets.flax.ops.emission import Context, Emission, Emitter, Fields, frozen
from cnndsl.targets.python.tree import Constant, Expr

EMITTERS: dict[str, Emitter] = {
    **conv.EMITTERS,
    **norm.EMITTERS,
    **activation.EMITTERS,
    **pool.EMITTERS,
    **shape.EMITTERS,
    **axes.EMITTERS,
    **elementwise.EMITTERS,
    **resample.EMITTERS,
    **learned.EMITTERS,
}


def emit(name: str, rank: int, fields: Fields, features: Expr, context: Context) -> Emission:
    """The code of an op for inputs of `rank` dimensions, without the batch, and of so many
    features."""
    if name == "drop_path" and rank == 1:
        return activation.FLAT_DROP_PATH(fields, features, context)
    emission = EMITTERS[name](fields, features, context)
    when = fields.get("frozen", Constant(False))
    return emission if when == Constant(False) else frozen(emission, when)
