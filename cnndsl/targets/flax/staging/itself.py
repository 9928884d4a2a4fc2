"""What blocks in a circle hand to each other, once it is known which arguments there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cnndsl.targets.flax.staging.draft import Draft, Param
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import flat, map_step
from cnndsl.targets.python.tree import Assign, Attribute, Call, Do, Expr, Item, Name


def close(circle: Sequence[Draft], sweep: Callable[[Draft], None]) -> None:
    """Brings uses of blocks up to date in all that was written around a block's use of itself.

    What is handed on no more may have been the only reader of another block's argument.

    Args:
      circle: the block, whose own uses of itself are done, and all that was staged meanwhile.
      sweep: leaves out of a draft what nothing reads.
    """
    stale = {circle[0].name: circle[0].offered}  # by a block what its uses still hand over
    by_name = {draft.name: draft for draft in circle}
    while stale:
        name, offered = stale.popitem()
        for draft in circle:
            if draft.name == name or not hand_over_what_is_taken(draft, by_name[name], offered):
                continue
            held = draft.arguments
            sweep(draft)
            if len(draft.arguments) < len(held):
                stale.setdefault(draft.name, held)


def hand_over_what_is_taken(draft: Draft, callee: Draft, offered: Sequence[Param]) -> bool:
    """Leaves out of uses of a block what nothing reads and so is no argument any more.

    Args:
      draft: that has the uses.
      callee: the block, of which the arguments that are left are known.
      offered: all that it had while its uses were written.

    Returns:
      whether the draft is another one now.
    """
    tensors = [p for p in offered if p.source == "tensor"]
    values = [p for p in offered if p.source != "tensor"]
    if callee.is_function:  # a function asks its tensor for what arrives
        values = [p for p in values if p.source != "in"]
    own = Name(callee.name)
    first = 1 if callee.takes_x else 0  # the tensor that flows, before those that are arguments
    kept = set(_kept(draft, own))

    def change(expr: Expr) -> Expr:
        expr = rebuild(expr, change)
        if not isinstance(expr, Call):
            return expr
        if callee.is_function and expr.function == own:
            return _handed(expr, first, [*tensors, *values])
        if expr.function == own:
            return _handed(expr, 0, values)
        return _handed(expr, first, tensors) if _holder(expr.function) in kept else expr

    before = draft.init, draft.heads, draft.call
    draft.init, draft.heads, draft.call = (
        [map_step(step, change) for step in steps] for steps in before
    )
    return (draft.init, draft.heads, draft.call) != before


def _kept(draft: Draft, own: Name) -> Iterator[Expr]:
    """Where a constructor keeps what a class builds: attributes, and lists that loops fill."""
    for step in flat([*draft.init, *draft.heads]):
        match step:
            case Assign(targets=(target,), value=Call(function=function)) if function == own:
                yield target
            case Do(
                value=Call(function=Attribute(holder, "append"), args=(Call(function=function),))
            ) if function == own:
                yield holder
                if isinstance(holder, Attribute):
                    yield Name(holder.name)  # an item, by the name that loops give it


def _holder(function: Expr) -> Expr:
    """What holds a module that is called, itself or as an item."""
    while isinstance(function, Item):
        function = function.base
    return function


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
