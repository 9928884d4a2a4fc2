"""Values of the constructor that the call reads: attributes from the start."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.targets.flax.staging.draft import Draft, Slot
from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import attributes, self_
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import bodies, expressions, flat, map_step, with_bodies
from cnndsl.targets.python.tree import Assign, Expr, If, Name


def lifted_lets(draft: Draft, init: list[Step]) -> list[Step]:
    """A `let` that the call reads is an attribute from the start."""
    called = {a for step in flat(draft.call) for e in expressions(step) for a in attributes(e)}
    lifted = {a for a in called if a in draft.variables}
    if not lifted:
        return init
    for name in lifted:
        draft.slots.setdefault(name, Slot(draft.variables[name].stem, (), is_value=True))

    def change(expr: Expr) -> Expr:
        if isinstance(expr, Name) and expr.id.split("@")[0] in lifted:
            return self_(expr.id.split("@")[0])
        return rebuild(expr, change)

    def deep(step: Step) -> Step:
        if isinstance(step, Assign):
            return replace(step, targets=tuple(map(change, step.targets)), value=change(step.value))
        inner = bodies(step)
        if not inner:
            return map_step(step, change)
        step = with_bodies(step, *([deep(s) for s in body] for body in inner))
        if isinstance(step, If):
            return replace(step, test=change(step.test))
        if isinstance(step, Loop):
            walked = tuple((name, change(source)) for name, source in step.walked)
            return replace(step, items=change(step.items), walked=walked)
        return step

    return [deep(step) for step in init]
