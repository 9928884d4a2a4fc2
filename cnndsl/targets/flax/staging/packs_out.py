"""The channels of packs that blocks give, in terms of their arguments."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import integer, names, walk
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import all_written, flat, written
from cnndsl.targets.python.tree import (
    Assign,
    Call,
    Comprehension,
    Constant,
    Expr,
    Name,
    Star,
    Tuple,
)
from cnndsl.targets.python.tuples import joined

_MANY = 64  # items of a pack that are written out


def filled_by_loops(steps: Sequence[Step]) -> dict[str, Expr]:
    """Tuples that one loop each makes longer, once in a round, by what the round goes over.

    `xs = (*xs, w)` in `for w in widths` gives `(*widths,)`; what the items are worked out from
    gives a comprehension, which `written_out` resolves where its rounds are known.
    """
    found: dict[str, Expr] = {}
    for step in steps:
        if not isinstance(step, Loop):
            continue
        for held in step.body:
            match held:
                case Assign(targets=(Name(id=name),), value=Tuple(items=(first, item))):
                    start = _start(name, steps)
                    if first == Star(Name(name)) and start is not None:
                        rounds = _rounds(item, step)
                        if rounds is not None:
                            found[name] = joined((*start.items, Star(rounds)))
    return found


def _start(name: str, steps: Sequence[Step]) -> Tuple | None:
    """What a tuple is before its loop; None where more than that and one statement sets it."""
    setting = [step for step in flat(steps) if isinstance(step, Assign) and name in written(step)]
    match setting:
        case [Assign(value=Tuple() as start), _] if any(setting[0] is step for step in steps):
            return start
    return None


def _rounds(item: Expr, loop: Loop) -> Expr | None:
    """The items of all rounds, if those depend on what the loop goes over alone."""
    own = {*loop.targets, loop.counter}
    if (all_written(loop.body) & names(item)) or len(loop.targets) > 1:
        return None
    if loop.targets and item == Name(loop.targets[0]) and loop.targets[0] != loop.counter:
        return loop.items
    target = loop.targets[0] if loop.targets else loop.counter
    if loop.counter in names(item) and target != loop.counter:
        return None
    if any("#" in name for name in names(item) - own):
        return None
    return Comprehension("generator", item, Name(target), loop.items)


def bound(expr: Expr) -> set[str]:
    """The names that comprehensions of an expression bind."""
    held = [part for part in walk(expr) if isinstance(part, Comprehension)]
    return {part.target.id for part in held if isinstance(part.target, Name)}


def written_out(expr: Expr) -> Expr | None:
    """A pack's channels with the items of all rounds; None where those are not known here."""
    if not isinstance(expr, Tuple):
        return None if any(isinstance(part, Comprehension) for part in walk(expr)) else expr
    items: list[Expr] = []
    for each in expr.items:
        match each:
            case Star(value=Comprehension(element=element, target=Name(id=target)) as rounds):
                known = _known(rounds.iterable)
                if known is None:
                    return None
                items += [substitute(element, {target: value}) for value in known]
            case _:
                items.append(each)
    whole = joined(items)
    match whole.items:
        case (Star(value=only),):
            return only
    return whole


def _known(iterable: Expr) -> Sequence[Expr] | None:
    match iterable:
        case Tuple(items=items) if not any(isinstance(item, Star) for item in items):
            return items
        case Call(function=Name(id="range"), args=args):
            ends = [end for arg in args if (end := integer(arg)) is not None]
            if len(ends) == len(args) and len(range(*ends)) <= _MANY:
                return [Constant(number) for number in range(*ends)]
    return None
