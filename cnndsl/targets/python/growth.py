"""`xs.append(x)` for `xs = [*xs, x]`, where nothing else holds the list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import parts
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import (
    assigned,
    bodies,
    expressions,
    map_step,
    read,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Conditional,
    Do,
    Expr,
    For,
    If,
    Item,
    ListOf,
    Name,
    Return,
    Slice,
    Star,
    Tuple,
)

# Functions that look at a list and do not keep it.
_READING = frozenset({"len", "sum", "concatenate", "reduce", "matmul"})


def grown(steps: Sequence[Step]) -> list[Step]:
    """The statements of a call with lists that grow in place."""
    steps = list(steps)
    found = _noted(map(_as_arm, steps))
    while (pair := _continued(found)) is not None:
        steps = [_renamed(step, *pair) for step in steps]
        found = _noted(map(_as_arm, steps))
    ready = {name for name, held in found.items() if held.may_grow}
    return _changed([_as_arm(step, ready) for step in steps], ready) if ready else steps


def grown_tuples(steps: Sequence[Step]) -> list[Step]:
    """The statements of a constructor with lists for tuples that loops make longer."""
    found = _noted([_as_list(step) for step in steps])
    kept = {n for n, held in found.items() if held.escapes or held.is_cut}  # as tuples elsewhere
    ready = {name for name, held in found.items() if held.may_grow} - kept
    if not ready:
        return list(steps)
    return _changed([_as_list(step, ready) for step in steps], ready)


Place = tuple[int, tuple[int, ...]]  # the number of a statement, and the loops around it


@dataclass
class _List:
    """What a function does with a variable that holds a list."""

    starts: list[Place] = field(default_factory=list)  # as a list of its own
    follows: str = ""  # what it began with all items of
    is_other: bool = False  # is given something else
    grows: list[Place] = field(default_factory=list)
    escapes: list[Place] = field(default_factory=list)
    is_cut: bool = False  # and a part of it handed on
    walked: set[int] = field(default_factory=set)  # by which loops
    last: int = 0  # where it is mentioned last

    @property
    def may_grow(self) -> bool:
        """Whether nobody else has the list while it grows."""
        if not self.starts or self.is_other or not self.grows:
            return False
        last = max(at for at, _ in self.grows)
        loops = {loop for _, around in self.grows for loop in around}
        if self.walked & loops:  # they go over what it was when they began
            return False
        (begin, outside), *more = self.starts
        if not more and all(at > begin for at, _ in self.grows):
            loops -= set(outside)  # every round of these begins with a list of its own
        return all(at > last and loops.isdisjoint(around) for at, around in self.escapes)


def _noted(steps: Iterable[Step]) -> dict[str, _List]:
    found: dict[str, _List] = {}
    _note(list(steps), found, (), count())
    return found


def _continued(found: dict[str, _List]) -> tuple[str, str] | None:
    """A list that another one begins with, as the last that is done with it; and that other."""
    for name, held in found.items():
        before = found.get(held.follows)
        if before is None or before.is_other or held.is_other or len(held.starts) != 1:
            continue
        if not held.grows and not _is_of_one(name, held.follows):  # one that is whole at once
            continue
        (at, around), *more = held.starts
        alike = not more and all(loops == around for _, loops in before.starts)
        if alike and len(before.starts) == 1 and before.last == at:
            return held.follows, name
    return None


def _is_of_one(name: str, other: str) -> bool:
    """Whether two variables are parts of the life of one."""
    return name.split("@")[0] == other.split("@")[0]


def _renamed(step: Step, before: str, name: str) -> Step:
    """A statement with the first of two names for the second."""
    step = map_step(step, lambda expr: substitute(expr, {name: Name(before)}))
    inner = bodies(step)
    if inner:
        step = with_bodies(step, *([_renamed(s, before, name) for s in body] for body in inner))
    match step:
        case Assign(targets=(Name(id=target),)) if target == name:
            return assigned(step, (Name(before),), step.value)
    return step


def _as_list(step: Step, names: set[str] | None = None) -> Step:
    """A statement with lists for tuples that variables, or those of some names, are given."""
    inner = bodies(step)
    if inner:
        return with_bodies(step, *([_as_list(s, names) for s in body] for body in inner))
    match step:
        case Assign(targets=(Name(id=name),), value=Tuple(items=items)):
            if names is None or name in names:
                return assigned(step, step.targets, ListOf(items))
    return step


def _as_arm(step: Step, names: set[str] | None = None) -> Step:
    """A statement with an `if` for `xs = [*xs, x] if test else xs`, of any or of some names."""
    inner = bodies(step)
    if inner:
        return with_bodies(step, *([_as_arm(s, names) for s in body] for body in inner))
    match step:
        case Assign(
            targets=(Name(id=name) as target,),
            value=Conditional(then=ListOf(items=items) as longer, test=test, other=other),
        ) if other == target and _goes_on(name, items) and (names is None or name in names):
            return If(test, (assigned(step, step.targets, longer),))
    return step


def _note(
    steps: Sequence[Step],
    found: dict[str, _List],
    around: tuple[int, ...],
    numbers: Iterator[int],
) -> None:
    for step in steps:
        at = next(numbers)
        place = at, around
        for name in read(step):
            found.setdefault(name, _List()).last = at
        match step:
            case Assign(targets=(Name(id=name),), value=ListOf(items=items)):
                held = found.setdefault(name, _List())
                if _goes_on(name, items):
                    held.grows.append(place)
                    items = items[1:]
                else:
                    held.starts.append(place)
                    match items:
                        case (Star(value=Name(id=before)), _, *_):
                            held.follows = before
                for item in items:
                    _escape(item, found, place)
            case Assign(
                targets=(Name(id=name),), value=Conditional(ListOf(items), test, ListOf(others))
            ) if not _goes_on(name, items) and not _goes_on(name, others):
                found.setdefault(name, _List()).starts.append(place)
                for part in (test, *items, *others):
                    _escape(part, found, place)
            case Assign(targets=targets):
                for target in targets:
                    for name in _names(target):
                        found.setdefault(name, _List()).is_other = True
                _escape(step.value, found, place)
            case Return():
                pass  # nothing happens behind it
            case Loop() | For():
                for name in _loop_names(step):
                    found.setdefault(name, _List()).is_other = True
                for expr in expressions(step):
                    if isinstance(expr, Name):  # whose items the loop goes over
                        found.setdefault(expr.id, _List()).walked.add(at)
                    else:
                        _escape(expr, found, place)
            case _:
                for expr in expressions(step):
                    _escape(expr, found, place)
        inner = (*around, at) if isinstance(step, Loop | For) else around
        for body in bodies(step):
            _note(body, found, inner, numbers)


def _goes_on(name: str, items: tuple[Expr, ...]) -> bool:
    """Whether a list begins with all that `name` has."""
    return len(items) > 1 and items[0] == Star(Name(name))


def _loop_names(step: Loop | For) -> list[str]:
    if isinstance(step, For):
        return _names(step.target)
    return [*step.targets, step.counter, *(name for name, _ in step.walked)]


def _names(target: Expr) -> list[str]:
    if isinstance(target, Name):
        return [target.id]
    return [n for t in target.items for n in _names(t)] if isinstance(target, Tuple) else []


def _escape(expr: Expr, found: dict[str, _List], place: Place) -> None:
    """Notes the lists that an expression hands on whole."""
    match expr:
        case Name(id=name):
            found.setdefault(name, _List()).escapes.append(place)
        case Star(value=Name()) | Item(base=Name(), index=Name()):
            return
        case Item(base=Name(id=name), index=index):
            if isinstance(index, Slice):
                found.setdefault(name, _List()).is_cut = True
            _escape(index, found, place)
        case Call(function=Name(id=name) | Attribute(name=name), args=args) if name in _READING:
            for arg in args:
                match arg:
                    case Item(base=Name(), index=Slice() as index):
                        _escape(index, found, place)
                    case _ if not isinstance(arg, Name):
                        _escape(arg, found, place)
        case _:
            for part in parts(expr):
                _escape(part, found, place)


def _changed(steps: Sequence[Step], ready: set[str]) -> list[Step]:
    found: list[Step] = []
    for step in steps:
        inner = bodies(step)
        if inner:
            step = with_bodies(step, *(_changed(body, ready) for body in inner))
        match step:
            case Assign(targets=(Name(id=name) as target,), value=ListOf(items=items)) if (
                name in ready and _goes_on(name, items)
            ):
                found += [_put(target, item) for item in items[1:]]
            case _:
                found.append(step)
    return found


def _put(target: Name, item: Expr) -> Do:
    """`xs.append(x)`, or `xs.extend(ys)`."""
    if isinstance(item, Star):
        return Do(Call(Attribute(target, "extend"), (item.value,)))
    return Do(Call(Attribute(target, "append"), (item,)))
