"""Arguments that a block does not follow, since they are the same in every use."""

from __future__ import annotations

from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.python.expressions import self_
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import map_step
from cnndsl.targets.python.tree import Constant, Expr, Name


def settle_flags(draft: Draft) -> None:
    """A flag that decided what a block is, and is the same wherever that is used, is no argument:
    the block does not follow it."""
    known: dict[Expr, Expr] = {}
    for param in [] if draft.is_model or draft.uses_itself else draft.params:
        values = set(param.values.values()) if param.name in draft.folded else set()
        if param.source == "own" and values in ({True}, {False}) and _are_flags(values):
            value = Constant(values.pop() is True)
            known |= {Name(param.name): value, self_(param.name): value}

    def change(expr: Expr) -> Expr:
        return known.get(expr) or rebuild(expr, change)

    if known:
        draft.init = [map_step(step, change) for step in draft.init]
        draft.heads = [map_step(step, change) for step in draft.heads]
        draft.call = [map_step(step, change) for step in draft.call]


def _are_flags(values: set[object]) -> bool:
    return all(isinstance(value, bool) for value in values)
