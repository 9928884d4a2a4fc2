"""Headers of loops: what is walked, and whether iterations are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import NONE, call, names
from cnndsl.targets.python.statements import bodies, flat, read, with_bodies, written
from cnndsl.targets.python.tree import Call, Constant, Expr, For, Keyword, Name, Tuple

_UNREAD = Name("_")


def settle_headers(steps: Sequence[Step]) -> list[Step]:
    """The statements with a `for` for every loop."""
    anywhere = {n for step in flat(steps) for n in read(step)}
    everywhere = _reads(steps, anywhere)
    return [_settled(step, everywhere, anywhere) for step in steps]


def _settled(step: Step, everywhere: Counter[str], anywhere: set[str]) -> Step:
    inner = [[_settled(s, everywhere, anywhere) for s in body] for body in bodies(step)]
    if not isinstance(step, Loop):
        return with_bodies(step, *inner) if inner else step
    inside = _reads(step.body, anywhere)
    behind = {n for n in written(step) if everywhere[n] > inside[n]}
    needed = behind | {n for s in flat(inner[0]) for n in read(s)}
    target, iterable = _header(step, needed)
    return For(target, iterable, tuple(inner[0]))


def _reads(steps: Sequence[Step], anywhere: set[str]) -> Counter[str]:
    """How many statements read a variable; loops that walk lists read their items only where
    one of those is read `anywhere`."""

    def header(step: Step) -> frozenset[str]:
        targets = {*step.targets} - {step.counter} if isinstance(step, Loop) else set()
        if isinstance(step, Loop) and step.walked and anywhere.isdisjoint(targets):
            return frozenset(n for _, source in step.walked for n in names(source))
        return read(step)

    return Counter(name for step in flat(steps) for name in header(step))


def _header(loop: Loop, needed: set[str]) -> tuple[Expr, Expr]:
    counted = loop.counter in needed
    targets: list[Expr] = [Name(t) if t in needed else _UNREAD for t in loop.targets]
    of_items = any(t in needed for t in loop.targets if t != loop.counter)
    if not loop.walked:
        return _plain(loop, targets, counted, of_items)
    walked = [(Name(n), source) for n, source in loop.walked if n in needed]
    if not walked and not of_items:
        walked = [(_UNREAD, loop.walked[0][1])]
    variables: list[Expr] = [variable for variable, _ in walked]
    lists = [source for _, source in walked]
    first = None if counted or not walked else _first(loop.items)
    if of_items and first is None:
        variables.insert(0, targets[0] if len(targets) == 1 else Tuple(tuple(targets)))
        lists.insert(0, loop.items)
    strict = Keyword("strict", Constant(True))
    source = lists[0] if len(lists) == 1 else Call(Name("zip"), tuple(lists), (strict,))
    target = variables[0] if len(variables) == 1 else Tuple(tuple(variables))
    if of_items and first is not None:
        start = (Keyword("start", first),) if first != Constant(0) else ()
        return Tuple((targets[0], target)), Call(Name("enumerate"), (source,), start)
    if not counted:
        return target, source
    return Tuple((Name(loop.counter), target)), call("enumerate", source)


def _first(items: Expr) -> Expr | None:
    """The first number of a range, whose others count on from it."""
    match items:
        case Call(function=Name("range"), args=(first, _)):
            return first
    return None


def _plain(loop: Loop, targets: list[Expr], counted: bool, of_items: bool) -> tuple[Expr, Expr]:
    """A loop over the items that it was written with."""
    if loop.items == NONE:
        raise AssertionError("a loop has something to walk")
    if loop.counter in loop.targets or not loop.targets:
        return (Name(loop.counter) if counted else _UNREAD), loop.items
    target = targets[0] if len(targets) == 1 else Tuple(tuple(targets))
    if not counted:
        return (target if of_items else _UNREAD), loop.items
    if of_items:
        return Tuple((Name(loop.counter), target)), call("enumerate", loop.items)
    if isinstance(loop.items, Call) and loop.items.function == Name("range"):
        *start, stop = loop.items.args
        count = binary("-", stop, start[0]) if start else stop
        return Name(loop.counter), call("range", count)
    return Name(loop.counter), call("range", call("len", loop.items))
