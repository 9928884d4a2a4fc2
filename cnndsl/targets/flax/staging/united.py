"""Branches of a loop that run one module each: all of them are in one list."""

from __future__ import annotations

from dataclasses import replace

from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import self_
from cnndsl.targets.python.tree import Attribute, Call, Do, Expr, If, Item, Name

Arm = tuple[list[Step], list[Step]]  # what a branch writes, in the constructor and in the call


def united(values: Values, arm: Arm, other: Arm) -> Line | None:
    """The line of the call for what both branches do there: `x = block(x)`.

    None where they do more, or one does nothing. The constructor's branches then fill the one
    list: the other one's is gone.
    """
    match arm, other:
        case ((_, [Line() as line]), (init, [Line() as second])):
            pass
        case _:
            return None
    kept, gone = _slot(values, line), _slot(values, second)
    if kept is None or gone is None or line.targets != second.targets:
        return None
    ours, theirs = values.draft.slots[kept], values.draft.slots[gone]
    is_like = (ours.is_block, ours.path, ours.is_quiet, ours.many) == (
        (theirs.is_block, theirs.path, theirs.is_quiet, theirs.many)
    )
    if not is_like or values.kept is not None or values.again is not None:
        return None
    init[:] = [_moved(step, gone, kept) for step in init]
    values.loops[-1].slots.remove(gone)
    del values.draft.slots[gone]
    stem = ours.stem if ours.stem == theirs.stem else "block" if ours.is_block else "layer"
    values.draft.slots[kept] = replace(ours, stem=stem, arms=values.arms)
    for name in (kept, gone):
        values.indexed.discard(name)
        values.first.discard(name)
    block: Expr = Name(kept)
    if values.counted:  # heads may not be built, and walk no list
        values.indexed.add(kept)
        holder = self_(kept) if len(values.loops) == 1 else block
        block = Item(holder, Name(values.loops[-1].counter))
    draft = values.draft
    draft.shapes.append([*draft.shapes[line.shape], *draft.shapes[second.shape]])
    draft.shown.append([*draft.shown[line.shape], *draft.shown[second.shape]])
    assert isinstance(line.value, Call)
    value = replace(line.value, function=block)
    roles = line.roles | second.roles
    return replace(line, value=value, roles=roles, shape=len(draft.shapes) - 1)


def _slot(values: Values, line: Line) -> str | None:
    """The list of the innermost loop whose item a line applies to what flows."""
    match line.value:
        case Call(function=Name(id=name), args=(Name(),), keywords=()):
            pass
        case Call(
            function=Item(base=Attribute(name=name) | Name(id=name)), args=(Name(),), keywords=()
        ):
            pass
        case _:
            return None
    return name if name in values.loops[-1].slots and line.shape >= 0 else None


def _moved(step: Step, gone: str, kept: str) -> Step:
    """A statement that fills another list, also where it is a choice that was united before."""
    match step:
        case If(body=body, other=rest):
            then, other = ([_moved(s, gone, kept) for s in held] for held in (body, rest))
            return replace(step, body=tuple(then), other=tuple(other))
        case Do(value=Call(function=Attribute(base=base, name="append")) as added):
            for holder in (self_, Name):
                if base == holder(gone):
                    function: Expr = Attribute(holder(kept), "append")
                    return Do(replace(added, function=function))
    return step
