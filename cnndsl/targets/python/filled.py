"""Modules that a constructor keeps as the first or the last item of a list of their like.

Each gives the constructor's statements, or None where that cannot be. With `mixed`, the items may
be of several classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.python.appends import LIST, append, is_start, started
from cnndsl.targets.python.draft import Build, Loop, Step
from cnndsl.targets.python.expressions import NONE, names
from cnndsl.targets.python.statements import all_written, bodies, flat, with_bodies
from cnndsl.targets.python.tree import Assign, Attribute, Call, Do, Expr, ListOf, Name


def moved(init: Sequence[Step], module: Expr, holder: Expr, mixed: bool) -> list[Step] | None:
    """The constructor with `module` as the first item of the list that `holder` names."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = moved(body, module, holder, mixed)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                return [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
    assigned = (i for i, s in enumerate(init) if isinstance(s, Assign) and s.targets == (module,))
    first = next(assigned, None)
    start = next((i for i, s in enumerate(init) if is_start(s, holder)), None)
    if first is None or start is None or first > start:
        return None
    value = getattr(init[first], "value", NONE)
    return _with_first(list(init), first, start, value, mixed)


def _with_first(
    steps: list[Step], first: int, start: int, value: Expr, mixed: bool
) -> list[Step] | None:
    made = steps[start]
    assert isinstance(made, Assign)
    if not mixed and not _are_alike([*_items(steps, made.targets[0]), value]):
        return None
    between = all_written(steps[first + 1 : start])
    is_late = bool(names(value) & between)  # then the list is made where the module was
    if is_late and names(made.value) & between:
        return None
    items = ListOf((value, *started(made.value)))
    steps[first if is_late else start] = Assign(made.targets, Call(LIST, (items,)))
    del steps[start if is_late else first]
    return _set_once(steps) if is_late else steps


def _set_once(steps: Sequence[Step]) -> list[Step]:
    """The statements without those of a loop that repeat one right before it."""
    found: list[Step] = []
    for step in steps:
        match found[-1:], step:
            case [Assign(targets=(Name(id=kept),), value=value) as before], Loop():
                body = tuple(s for s in step.body if s != before)
                if not ({kept} | names(value)) & all_written(body):
                    step = replace(step, body=body)
        found.append(step)
    return found


def moved_in_loop(
    init: Sequence[Step], holder: Expr, outer: Expr, mixed: bool
) -> list[Step] | None:
    """The same inside a loop, where both are appended to lists."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = moved_in_loop(body, holder, outer, mixed)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                steps = [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
                return [s for s in steps if not is_start(s, holder)]
    appended = {a[0]: (i, a[1]) for i, s in enumerate(init) if (a := append(s)) is not None}
    if holder not in appended or outer not in appended:
        return None
    first, value = appended[holder]
    _, made = appended[outer]
    start = next((i for i, s in enumerate(init) if is_start(s, made)), None)
    if start is None or first > start:
        return None
    return _with_first(list(init), first, start, value, mixed)


# --- a module behind a list of its like ---------------------------------------------------


def appended(init: Sequence[Step], module: Expr, holder: Expr, mixed: bool) -> list[Step] | None:
    """The constructor with `module` as the last item of the list that `holder` names."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = appended(body, module, holder, mixed)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                return [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
    for position, step in enumerate(init):
        if isinstance(step, Assign) and step.targets == (module,):
            if not any(is_start(s, holder) for s in init[:position]):
                return None
            return _with_last(list(init), position, step.value, holder, mixed)
    return None


def appended_in_loop(
    init: Sequence[Step], holder: Expr, outer: Expr, mixed: bool
) -> list[Step] | None:
    """The same inside a loop, where both are appended to lists."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = appended_in_loop(body, holder, outer, mixed)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                steps = [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
                return [s for s in steps if not is_start(s, holder)]
    appends = {a[0]: (i, a[1]) for i, s in enumerate(init) if (a := append(s)) is not None}
    if holder not in appends or outer not in appends:
        return None
    (last, value), (kept, made) = appends[holder], appends[outer]
    if not any(is_start(s, made) for s in init[:last]):
        return None
    found = _with_last(list(init), last, value, made, mixed)
    if found is not None and kept < last:
        found.insert(last, found.pop(kept))  # a list is kept once it is whole
    return found


def _with_last(
    steps: list[Step], last: int, value: Expr, made: Expr, mixed: bool
) -> list[Step] | None:
    """The statements with a value appended to the list `made`."""
    items = _items(steps[:last], made)
    if not items or _items(steps[last:], made) or not (mixed or _are_alike([*items, value])):
        return None
    steps[last] = Do(Call(Attribute(made, "append"), (value,)))
    return steps


def _items(steps: Sequence[Step], made: Expr) -> list[Expr]:
    """What some statements put into a list."""
    found: list[Expr] = []
    for step in flat(steps):
        if isinstance(step, Assign) and is_start(step, made):
            found += started(step.value)
        added = append(step)
        if added is not None and added[0] == made:
            found.append(added[1])
    return found


def _are_alike(items: Sequence[Expr]) -> bool:
    """Whether all are modules of one class."""
    built = {item.function if isinstance(item, Build) else None for item in items}
    return len(built) == 1 and None not in built
