"""Lists of lists that are walked as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from cnndsl.targets.python.appends import append, is_empty
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import (
    bodies,
    flat,
    map_step,
    read,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Blank,
    Constant,
    Expr,
    Name,
)


class Flattening:
    """Makes one list of a list of lists, where the call only walks them one after the other."""

    def __init__(self, init: Sequence[Step]):
        self.init = list(init)

    def run(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        steps = _counted([self.step(step) for step in steps])
        return self.init, steps

    def step(self, step: Step) -> Step:
        inner = bodies(step)
        if inner:
            step = with_bodies(step, *([self.step(s) for s in body] for body in inner))
        if not isinstance(step, Loop):
            return step
        held = [s for s in step.body if not isinstance(s, Blank)]
        if len(held) != 1 or not isinstance(held[0], Loop) or not step.walked:
            return step
        loop = held[0]
        sources = dict(step.walked)
        held_here = all(isinstance(s, Name) and s.id in sources for _, s in loop.walked)
        if not loop.walked or not held_here:
            return step
        needed = {n for s in flat(loop.body) for n in read(s)}
        if needed & {*step.targets, step.counter, *loop.targets, loop.counter, *sources}:
            return step
        if len(sources) != len(loop.walked):
            return step
        init = _replaced(self.init, step.number, lambda outer: _one_list(outer, loop.number))
        if init is None:
            return step
        self.init = init
        walked = tuple((n, sources[s.id]) for n, s in loop.walked if isinstance(s, Name))
        return replace(loop, items=NONE, targets=(), walked=walked)


def _counted(steps: Sequence[Step]) -> list[Step]:
    """The statements with `i + 1` for a number that every round of a loop begins to count."""
    found: list[Step] = []
    for step in steps:
        if inner := bodies(step):
            step = with_bodies(step, *map(_counted, inner))
        found.append(_by_counter(step, found) if isinstance(step, Loop) else step)
    return found


def _by_counter(loop: Loop, before: Sequence[Step]) -> Loop:
    match loop.body:
        case Assign(targets=(Name() as number,), value=Binary("+", left, Constant(1))), *rest:
            starts = [s.value for s in before if isinstance(s, Assign) and s.targets == (number,)]
            if left == number and starts:
                first = binary("+", starts[-1], Constant(1))
                counted = {number.id: binary("+", Name(loop.counter), first)}
                steps = [map_step(step, lambda e: substitute(e, counted)) for step in rest]
                return replace(loop, body=tuple(steps))
    return loop


def _one_list(outer: Loop, number: int) -> Loop | None:
    """A loop of the constructor whose inner loop fills the outer lists themselves."""
    holders: dict[Expr, Expr] = {}
    for step in outer.body:
        held = append(step)
        if held is not None and isinstance(held[1], Name):
            holders[held[1]] = held[0]
    starts = {s.targets[0] for s in outer.body if isinstance(s, Assign) and is_empty(s.value)}
    holders = {inner: held for inner, held in holders.items() if inner in starts}
    inner = next((s for s in outer.body if isinstance(s, Loop) and s.number == number), None)
    if inner is None or not holders:
        return None
    filled = {h for s in inner.body if (a := append(s)) is not None and (h := a[0]) in holders}
    if filled != set(holders):
        return None
    values = {h.id: o for h, o in holders.items() if isinstance(h, Name)}
    body: list[Step] = []
    for step in outer.body:
        held = append(step)
        if held is not None and held[1] in holders:
            continue
        if isinstance(step, Assign) and step.targets[0] in holders and is_empty(step.value):
            continue
        if step is inner:
            step = map_step(step, lambda e: substitute(e, values))
        body.append(step)
    return replace(outer, body=tuple(body))


def _replaced(
    steps: Sequence[Step], number: int, change: Callable[[Loop], Loop | None]
) -> list[Step] | None:
    """The statements with one loop changed; None where it is not there or cannot be."""
    for position, step in enumerate(steps):
        if isinstance(step, Loop) and step.number == number:
            changed = change(step)
            return None if changed is None else [*steps[:position], changed, *steps[position + 1 :]]
        for which, body in enumerate(bodies(step)):
            inner = _replaced(body, number, change)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                return [*steps[:position], with_bodies(step, *held), *steps[position + 1 :]]
    return None
