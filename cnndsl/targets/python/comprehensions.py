"""`[f(x) for x in xs]` for a list that a loop does nothing but fill."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.colours import exposed
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.statements import bodies, with_bodies, written
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Comprehension,
    Do,
    For,
    ListOf,
    Name,
    Statement,
)

_STEP = 4  # columns that a body stands further in


def comprehensions(steps: Sequence[Statement], indent: int) -> list[Statement]:
    """The statements of a function with lists in one expression, where that is no longer."""
    return _block(steps, indent, set)


Live = Callable[[], set[str]]  # what is read behind a place


def _block(steps: Sequence[Statement], indent: int, behind: Live) -> list[Statement]:
    found: list[Statement] = []
    for place, step in enumerate(steps):

        def live(place: int = place) -> set[str]:
            return exposed(steps[place + 1 :], behind())

        if inner := bodies(step):
            again = _again(step, live) if isinstance(step, For) else live
            step = with_bodies(step, *(_block(body, indent + _STEP, again) for body in inner))
        last = found[-1] if found else None
        copied = _copied(last, step)
        if last is not None and copied is not None and written(last).isdisjoint(live()):
            found[-1] = copied
            continue
        made = None if last is None else _filled(last, step)
        if made is None:
            found.append(step)
            continue
        follows = steps[place + 1] if place + 1 < len(steps) else None
        is_named_again = follows is not None and _copied(made, follows) is not None
        is_short = line_count(made, indent) <= line_count(step, indent) + 2 * is_named_again
        if is_short and written(step).isdisjoint(live()):
            found[-1] = made
        else:
            found.append(step)
    return found


def _copied(last: Statement | None, step: Statement) -> Assign | None:
    """A list in one expression under the name that the next statement gives it."""
    match last, step:
        case (
            Assign(targets=(Name() as made,), value=Comprehension() as value),
            Assign(targets=(Name(),) as targets, value=copied),
        ) if copied == made:
            return Assign(targets, value)
    return None


def _again(loop: For, live: Live) -> Live:
    """What is read behind a round of a loop: by the next one, or behind them all."""
    return lambda: exposed([loop], live()) | exposed(loop.body, live())


def _filled(start: Statement, loop: Statement) -> Assign | None:
    """The list that a loop fills from the start, and does nothing else."""
    match start, loop:
        case (
            Assign(targets=(Name(id=name),), value=ListOf(items=())),
            For(
                body=(
                    Do(
                        Call(
                            function=Attribute(base=Name(id=filled), name="append"),
                            args=(element,),
                        )
                    ),
                )
            ),
        ) if name == filled and name not in names(element) | names(loop.iterable):
            made = Comprehension("list", element, loop.target, loop.iterable)
            return Assign(start.targets, made)
    return None
