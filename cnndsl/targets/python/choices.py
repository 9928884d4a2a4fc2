"""Branches said once: `features = 512 if self.gap else 25088` for two arms that only set one
variable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import walk
from cnndsl.targets.python.logic import conditional
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import assigned, bodies, with_bodies
from cnndsl.targets.python.tree import Assign, Conditional, Expr, If, ListOf, Name, Star, Unary

_ROOM = 72  # of a line, less its indentation


def choices(steps: Sequence[Step], width: Callable[[Expr], int]) -> list[Step]:
    """The statements with a conditional expression where that is all an `if` decides."""
    found: list[Step] = []
    for step in steps:
        step = _within(step, width)
        found.append(_chosen(step, width) if isinstance(step, If) else step)
    return found


def begun(steps: Sequence[Step]) -> list[Step]:
    """The statements with `xs = [x] if test else []` for a list that is nothing at first, and
    then perhaps has an item."""
    found: list[Step] = []
    for step in steps:
        if inner := bodies(step):
            step = with_bodies(step, *map(begun, inner))
        match found[-1:], step:
            case (
                [Assign(targets=(Name() as name,), value=ListOf(items=items) as start)],
                Assign(
                    targets=(target,),
                    value=Conditional(
                        then=ListOf(items=(Star(value=held), *more)), test=test, other=other
                    ),
                ),
            ) if target == held == other == name and name not in walk(test):
                found[-1] = assigned(
                    step, step.targets, Conditional(ListOf((*items, *more)), test, start)
                )
                continue
        found.append(step)
    return found


def upright(expr: Expr) -> Expr:
    """An expression with `b if test else a` for `a if not test else b`."""
    expr = rebuild(expr, upright)
    match expr:
        case Conditional(then=then, test=Unary(op="not", operand=test), other=other):
            return Conditional(other, test, then)
    return expr


def _within(step: Step, width: Callable[[Expr], int]) -> Step:
    """The same inside of a statement; the arms of an `elif` stay arms."""
    match step:
        case If(body=body, other=(If() as second,)):
            further = _within(second, width)
            return If(step.test, tuple(choices(body, width)), (further,))
    inner = bodies(step)
    return with_bodies(step, *(choices(body, width) for body in inner)) if inner else step


def _chosen(step: If, width: Callable[[Expr], int]) -> Step:
    then, other = _only(step.body), _only(step.other)
    if then is None or other is None or then.targets != other.targets:
        return step
    if isinstance(then.value, Conditional) or isinstance(other.value, Conditional):
        return step
    value = conditional(then.value, step.test, other.value)
    return Assign(then.targets, value) if width(value) <= _ROOM else step


def _only(steps: Sequence[Step]) -> Assign | None:
    """The one assignment to a variable that an arm is."""
    if len(steps) != 1 or not isinstance(steps[0], Assign) or isinstance(steps[0], Line):
        return None
    targets = steps[0].targets
    return steps[0] if len(targets) == 1 and isinstance(targets[0], Name) else None
