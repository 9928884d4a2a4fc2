"""How each op looks in Flax NNX: one small function per op, found by the op's name."""

from __future__ import annotations

from cnndsl.ops.base import Op
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
from cnndsl.targets.flax.ops.emission import (
    AXES_OF_POSITIONS,
    Context,
    Emission,
    Emitter,
    Fields,
    frozen,
    weighed,
)
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


# Ops with other code for other axes, though no argument of theirs says so.
_OF_ALL_AXES = ("global_avg_pool", "global_max_pool", "drop_path", "grn")


def is_of_axes(op: Op) -> bool:
    """Whether an op is written in other words where other axes of positions arrive."""
    return op.name in _OF_ALL_AXES or any(
        argument.kind.of_rank(1) is not argument.kind.of_rank(2) and getattr(op, name) != "channels"
        for name, argument in op.arguments().items()
    )


def emit(name: str, rank: int | None, fields: Fields, features: Expr, context: Context) -> Emission:
    """The code of an op for inputs of `rank` dimensions, without the batch, and of so many
    features; None where inputs of several ranks arrive at one layer."""
    ranked = {**fields, AXES_OF_POSITIONS: Constant(None if rank is None else rank - 1)}
    emission = EMITTERS[name](ranked, features, context)
    if (weight := fields.get("weight", Constant(None))) != Constant(None):
        emission = weighed(emission, weight)
    when = fields.get("frozen", Constant(False))
    return emission if when == Constant(False) else frozen(emission, when)
