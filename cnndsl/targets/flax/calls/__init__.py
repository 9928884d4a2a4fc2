"""How each op looks in Flax NNX: one small function per op, found by the op's name."""

from __future__ import annotations

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls import activation, conv, norm, pool, shape
from cnndsl.targets.flax.emission import Context, Emission

EMITTERS = {
    **conv.EMITTERS,
    **norm.EMITTERS,
    **activation.EMITTERS,
    **pool.EMITTERS,
    **shape.EMITTERS,
}


def emit(op: Op, x: Shape, context: Context) -> Emission:
    """The code of `op` for an input of shape `x`, without the batch.

    Numbers go into the calls as the objects they are, so that they keep their spelling.
    """
    return EMITTERS[op.name](op, x, context)
