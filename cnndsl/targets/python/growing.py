"""What loops go over, how often, and the tuples that they make longer."""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Loop, Step, Tally
from cnndsl.targets.python.expressions import is_constant, names
from cnndsl.targets.python.rebuild import rebuild, substitute
from cnndsl.targets.python.statements import all_written, flat, read, written
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Constant,
    Expr,
    Item,
    Name,
    Star,
    Tuple,
)
from cnndsl.targets.python.tuples import item


def parts_of(expr: Expr, lists: Mapping[str, Expr]) -> Expr:
    """An expression with items and lengths of lists that keep their names where they are whole."""
    if not lists or isinstance(expr, Name):  # all of a copy
        return substitute(expr, lists)

    def change(part: Expr) -> Expr:
        match part:
            case Item(base=Name(id=name), index=index) if name in lists:
                return substitute(part, lists) if is_constant(index) else part
            case Tally(args=(Name(),)) | Star(value=Name()):
                return substitute(part, lists)
        return rebuild(part, change)

    return change(expr)


def rounds(items: Expr) -> Expr | None:
    """How often a loop runs, where that is plain to see."""
    match items:
        case Call(function=Name("range"), args=(count,)):
            return count
        case Call(function=Name("range"), args=(Constant(value=1) as start, stop)):
            return binary("-", stop, start)  # where at least one is there to go round without
        case Tuple(items=held) if not any(isinstance(each, Star) for each in held):
            return Constant(len(held))
        case Name() | Attribute():
            return Tally(Name("len"), (items,))
    return None


def last_of(items: Expr) -> Expr:
    """What the last round of a loop goes over."""
    match items:
        case Call(function=Name("range"), args=(*_, stop)):
            return binary("-", stop, Constant(1))
    return item(items, Constant(-1))


def added(step: Step, loop: Loop) -> tuple[str, tuple[Expr, ...], bool] | None:
    """The tuple that a statement makes longer, by which items, in every round the same, and
    whether these stand behind it.
    """
    match step:
        case Assign(
            targets=(Name(id=name),), value=Tuple(items=(Star(value=Name(id=held)), *more))
        ):
            is_behind = True
        case Assign(
            targets=(Name(id=name),), value=Tuple(items=(*more, Star(value=Name(id=held))))
        ):
            is_behind = False
        case _:
            return None
    if not more or held != name:
        return None
    changing = all_written(loop.body) | written(loop)
    others = [s for s in flat(loop.body) if s is not step]
    if any(name in read(s) or name in written(s) for s in others):
        return None
    if any(isinstance(e, Star) or not changing.isdisjoint(names(e)) for e in more):
        return None
    return name, tuple(more), is_behind
