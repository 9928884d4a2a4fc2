"""Which arguments a class or function has, once it is known what reads them."""

from __future__ import annotations

from cnndsl.targets.flax.staging.columns import safe_local
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.flax.staging.itself import hand_over_what_is_taken
from cnndsl.targets.python.expressions import names, self_
from cnndsl.targets.python.liveness import used_attributes
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import expressions, flat, map_step
from cnndsl.targets.python.tree import Expr, Name


def drop_params(draft: Draft, used: set[str]) -> None:
    """Arguments that nothing reads are none, and none has a default before one without.

    Callers know some besides: those that only say how wide the result is. Uses of a block that
    uses itself were written before this was known.
    """
    steps = [*draft.init, *draft.heads, *(draft.call if draft.is_function else ())]
    read = {n for step in flat(steps) for e in expressions(step) for n in names(e)}
    called = {n for step in flat(draft.call) for e in expressions(step) for n in names(e)}
    exported = {n for out in (draft.out, *draft.outs) if out is not None for n in names(out)}
    kept, draft.offered = [], draft.arguments
    for param in draft.params:
        if param.source == "tensor":
            param.handed = param.name in called
        elif draft.is_function and param.source in ("in", "features"):
            param.handed = False
        else:
            is_asked = param.source == "in" and draft.is_argument
            param.handed = param.name in read or param.name in used or is_asked
        if param.handed or param.name in exported:
            kept.append(param)
    draft.params = kept
    if draft.uses_itself:
        hand_over_what_is_taken(draft, draft, draft.offered)
    draft.class_values = {n: v for n, v in draft.class_values.items() if _reads(draft, n, used)}
    required = False
    for param in reversed([p for p in draft.arguments if p.source != "tensor"]):
        if param.default is None:
            required = True
        elif required:
            param.default = None


def takes_x(draft: Draft) -> bool:
    """Whether the call gets what arrives; it is called with some tensor."""
    is_fixed = draft.is_model or draft.is_argument or draft.uses_itself or draft.has_endpoints
    if is_fixed or not any(p.source == "tensor" for p in draft.arguments):
        return True
    return any("x" in names(e) for step in flat(draft.call) for e in expressions(step))


def free_numbers(draft: Draft) -> None:
    """`pad2` is `pad` where the argument of that name is one no longer."""
    taken = {p.name for p in draft.params}
    chosen: dict[Expr, Expr] = {}
    for param in draft.params:
        free = safe_local(param.origin)
        if param.source == "computed" and free not in taken:
            chosen |= {Name(param.name): Name(free), self_(param.name): self_(free)}
            taken.add(free)
            param.name = free

    def change(expr: Expr) -> Expr:
        return chosen.get(expr) or rebuild(expr, change)

    if chosen:
        draft.init, draft.heads, draft.call = (
            [map_step(step, change) for step in steps]
            for steps in (draft.init, draft.heads, draft.call)
        )
        draft.channels = {n: change(e) for n, e in draft.channels.items()}
        draft.out = None if draft.out is None else change(draft.out)
        draft.outs = [None if out is None else change(out) for out in draft.outs]
        draft.ends = {name: change(out) for name, out in draft.ends.items()}


def _reads(draft: Draft, name: str, used: set[str]) -> bool:
    steps = [*draft.init, *draft.heads]
    return name in used or name in used_attributes(steps)
