"""`features = round8(width)` before what is as wide, and read by it and by what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.targets.python.draft import Build, Step
from cnndsl.targets.python.expressions import attributes, names, size, walk
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import (
    all_written,
    bodies,
    expressions,
    flat,
    map_step,
    mentions,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Blank,
    Call,
    Comprehension,
    Conditional,
    Expr,
    Name,
)

_FAR = 16  # statements, within which one is looked for
_WORTH = 4  # nodes from which on an expression is said once


def foretold(steps: Iterable[Step]) -> list[Step]:
    """The statements of a constructor, in which a variable that gets a value right behind others
    that work out the same gets it before them; those behind it read it."""
    found: list[Step] = []
    for step in steps:
        if inner := bodies(step):
            step = with_bodies(step, *map(foretold, inner))
        found.append(step)
        match step:
            case Assign(targets=(Name() as variable,), value=value) if _is_worth(value):
                at = _first(found, variable.id, value)
                if at < len(found) - 1:
                    between = [_said(each, value, variable) for each in found[at:-1]]
                    found[at:] = [step, *between]
    return _read_behind(found)


def _read_behind(steps: list[Step]) -> list[Step]:
    """The statements, in which those that work out what a variable has just got read it."""
    for at, step in enumerate(steps):
        match step:
            case Assign(targets=(Name() as variable,), value=value) if _is_worth(value):
                for place in range(at + 1, len(steps)):
                    behind = steps[place]
                    ends = _changes(behind, value) or variable.id in all_written([behind])
                    if ends and bodies(behind):
                        break
                    steps[place] = _said(behind, value, variable)
                    if ends:
                        break
    return steps


def _is_worth(value: Expr) -> bool:
    if not isinstance(value, (Binary, Call, Conditional)) or size(value) < _WORTH:
        return False
    return not any(isinstance(part, (Build, Comprehension)) for part in walk(value))


def _first(steps: Sequence[Step], variable: str, value: Expr) -> int:
    """The first statement before which the last one may stand, and which has its value."""
    first = place = len(steps) - 1
    while place > max(0, len(steps) - _FAR):
        step = steps[place - 1]
        if isinstance(step, Blank) or _interferes(step, variable, value):
            break
        place -= 1
        if any(part == value for part in mentions([step])):
            first = place
    return first


def _interferes(step: Step, variable: str, value: Expr) -> bool:
    """Whether a statement has to do with a variable, or changes what its value is made of."""
    if variable in all_written([step]) or _changes(step, value):
        return True
    return any(variable in names(expr) for each in flat([step]) for expr in expressions(each))


def _changes(step: Step, value: Expr) -> bool:
    """Whether a statement changes what a value is made of."""
    kept = {
        target.name
        for each in flat([step])
        if isinstance(each, Assign)
        for target in each.targets
        if isinstance(target, Attribute)
    }
    changed = all_written([step])
    return not (changed.isdisjoint(names(value)) and kept.isdisjoint(attributes(value)))


def _said(step: Step, value: Expr, variable: Name) -> Step:
    """A statement with a variable for its value."""

    def change(expr: Expr) -> Expr:
        return variable if expr == value else rebuild(expr, change)

    return map_step(step, change)
