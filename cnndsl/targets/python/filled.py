"""Modules that a constructor keeps as the first or the last item of a list of their like.

Each gives the constructor's statements, or None where that cannot be. With `mixed`, the items may
be of several classes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cnndsl.targets.python.appends import LIST, append, is_start, started
from cnndsl.targets.python.draft import Build, Loop, Step
from cnndsl.targets.python.expressions import NONE, names
from cnndsl.targets.python.statements import all_written, bodies, flat, with_bodies
from cnndsl.targets.python.tree import Assign, Attribute, Call, Do, Expr, ListOf, Name

Here = Callable[[list[Step]], list[Step] | None]


def moved(init: Sequence[Step], module: Expr, holder: Expr, mixed: bool) -> list[Step] | None:
    """`module` is the first item of the list that `holder` names."""

    def here(steps: list[Step]) -> list[Step] | None:
        first = next((i for i, s in enumerate(steps) if _sets(s, module)), None)
        start = next((i for i, s in enumerate(steps) if is_start(s, holder)), None)
        if first is None or start is None or first > start:
            return None
        return _with_first(steps, first, start, getattr(steps[first], "value", NONE), mixed)

    return _somewhere(init, here)


def moved_in_loop(
    init: Sequence[Step], holder: Expr, outer: Expr, mixed: bool
) -> list[Step] | None:
    """The same inside a loop, where both are appended to lists."""

    def here(steps: list[Step]) -> list[Step] | None:
        added = _added(steps)
        if holder not in added or outer not in added:
            return None
        (first, value), (_, made) = added[holder], added[outer]
        start = next((i for i, s in enumerate(steps) if is_start(s, made)), None)
        if start is None or first > start:
            return None
        return _with_first(steps, first, start, value, mixed)

    return _somewhere(init, here, holder)


def appended(init: Sequence[Step], module: Expr, holder: Expr, mixed: bool) -> list[Step] | None:
    """`module` is the last item of the list that `holder` names."""

    def here(steps: list[Step]) -> list[Step] | None:
        last = next((i for i, s in enumerate(steps) if _sets(s, module)), None)
        if last is None or not any(is_start(s, holder) for s in steps[:last]):
            return None
        return _with_last(steps, last, getattr(steps[last], "value", NONE), holder, mixed)

    return _somewhere(init, here)


def appended_in_loop(
    init: Sequence[Step], holder: Expr, outer: Expr, mixed: bool
) -> list[Step] | None:
    """The same inside a loop, where both are appended to lists."""

    def here(steps: list[Step]) -> list[Step] | None:
        added = _added(steps)
        if holder not in added or outer not in added:
            return None
        (last, value), (kept, made) = added[holder], added[outer]
        if not any(is_start(s, made) for s in steps[:last]):
            return None
        found = _with_last(steps, last, value, made, mixed)
        if found is not None and kept < last:
            found.insert(last, found.pop(kept))  # a list is kept once it is whole
        return found

    return _somewhere(init, here, holder)


def _somewhere(init: Sequence[Step], here: Here, without: Expr | None = None) -> list[Step] | None:
    """The statements changed where that can be, the innermost first; around that, the list
    that `without` names is not begun any more."""
    for position, step in enumerate(init):
        held = [list(body) for body in bodies(step)]
        for which, body in enumerate(held):
            inner = _somewhere(body, here, without)
            if inner is not None:
                held[which] = inner
                steps = [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
                return [s for s in steps if without is None or not is_start(s, without)]
    return here(list(init))


def _sets(step: Step, module: Expr) -> bool:
    return isinstance(step, Assign) and step.targets == (module,)


def _added(steps: Sequence[Step]) -> dict[Expr, tuple[int, Expr]]:
    """What statements append to lists, and where."""
    found = ((i, append(step)) for i, step in enumerate(steps))
    return {added[0]: (i, added[1]) for i, added in found if added is not None}


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
