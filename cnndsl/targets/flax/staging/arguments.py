"""Which arguments a class or function has, once it is known what reads them."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.flax.staging.columns import safe_local
from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.flax.staging.itself import hand_over_what_is_taken
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import NONE, names, self_
from cnndsl.targets.python.liveness import used_attributes
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import Change, expressions, flat, map_step
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Name
from cnndsl.targets.python.tuples import item


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
        if param.source != "own" and not required and None in param.values.values():
            param.default = param.default or NONE
        if param.default is None:
            required = True
        elif required:
            param.default = None


def settle_x(draft: Draft) -> None:
    """Says whether the call gets what arrives; it is called with some tensor.

    Parameters that are asked for the batch of what arrives, which nothing else reads, are asked
    for that of a tensor which is handed over.
    """
    is_fixed = draft.is_model or draft.is_argument or draft.uses_itself or draft.has_endpoints
    handed = [p for p in draft.arguments if p.source == "tensor"]
    if is_fixed or not handed:
        draft.takes_x = True
        return
    always = [p for p in handed if p.default is None]
    others = [map_step(step, _batch_of(draft, p)) for p in always[:1] for step in draft.call]
    if always and not _reads_x(others):
        draft.call = others
    draft.takes_x = _reads_x(draft.call)


def _reads_x(steps: Sequence[Step]) -> bool:
    return any("x" in names(e) for step in flat(steps) for e in expressions(step))


def _batch_of(draft: Draft, handed: Param) -> Change:
    """Asks parameters for the batch of a tensor, or of the first one of a pack."""
    known = [p for p in draft.params if (p.source, p.origin) == ("features", handed.origin)]
    is_pack = any(isinstance(value, tuple) for p in known for value in p.values.values())
    tensor: Expr = item(Name(handed.name), Constant(0)) if is_pack else Name(handed.name)

    def change(expr: Expr) -> Expr:
        match expr:
            case Call(function=Attribute(name=name) | Name(id=name), args=(Name(id="x"),)):
                slot = draft.slots.get(name)  # of that name are the items of a list, too
                if slot is not None and slot.kind == "param":
                    return Call(expr.function, (tensor,))
        return rebuild(expr, change)

    return change


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
