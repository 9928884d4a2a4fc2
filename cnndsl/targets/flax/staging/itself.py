"""What a block hands to itself, once it is known which of its arguments there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import flat, map_step
from cnndsl.targets.python.tree import Assign, Call, Expr, Name

_X = 1  # the tensor that flows, before those that are arguments


def hand_over_what_is_taken(draft: Draft, before: Sequence[Param]) -> None:
    """Leaves out of a block's uses of itself what nothing reads and so is no argument any more.

    Args:
      draft: of which the arguments that are left are known.
      before: all that it had while its uses of itself were written.
    """
    tensors = [p for p in before if p.source == "tensor"]
    values = [p for p in before if p.source != "tensor"]
    if draft.is_function:  # a function asks its tensor for what arrives
        values = [p for p in values if p.source != "in"]
    own = Name(draft.name)
    kept = {
        step.targets[0]
        for step in flat([*draft.init, *draft.heads])
        if isinstance(step, Assign) and isinstance(step.value, Call) and step.value.function == own
    }

    def change(expr: Expr) -> Expr:
        expr = rebuild(expr, change)
        if not isinstance(expr, Call):
            return expr
        if draft.is_function and expr.function == own:
            return _handed(expr, _X, [*tensors, *values])
        if expr.function == own:
            return _handed(expr, 0, values)
        return _handed(expr, _X, tensors) if expr.function in kept else expr

    draft.init, draft.heads, draft.call = (
        [map_step(step, change) for step in steps]
        for steps in (draft.init, draft.heads, draft.call)
    )


def _handed(call: Call, first: int, params: Sequence[Param]) -> Call:
    """A call without the arguments that are handed on no more; those of `params` begin at one."""
    lost = {p.name for p in params if not p.handed}
    if not lost:
        return call
    args = [
        arg
        for place, arg in enumerate(call.args)
        if not (first <= place < first + len(params) and params[place - first].name in lost)
    ]
    keywords = tuple(keyword for keyword in call.keywords if keyword.name not in lost)
    return replace(call, args=tuple(args), keywords=keywords)
