"""The channels of packs that blocks give, in terms of their arguments.

A loop that makes a tuple anew in every round is a comprehension here, of one of two kinds: a
"generator" of items, or "rounds", of which each makes the next value out of the last one. The uses
of the block know how many rounds there are.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Loop, Step, Tally
from cnndsl.targets.python.expressions import NONE, integer, names, size, walk
from cnndsl.targets.python.growing import last_of
from cnndsl.targets.python.rebuild import rebuild, substitute
from cnndsl.targets.python.statements import all_written, flat, written
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Call,
    Comprehension,
    Constant,
    Expr,
    Name,
    Star,
    Tuple,
)
from cnndsl.targets.python.tuples import joined, tally

_MANY = 64  # items of a pack that are written out
_LONGEST = 200  # nodes of them all


class _Unknown(Exception):
    """A pack of which nobody knows how many tensors it has."""


def filled_by_loops(steps: Sequence[Step], flat_loops: Container[int]) -> dict[str, Expr]:
    """Tuples that one loop each makes anew, once in a round, by what the round goes over; and
    numbers that loops are the last to set, of which those among `flat_loops` run at least once.

    `xs = (*xs, w)` in `for w in widths` gives `(*widths,)`; what else the items are worked out
    from gives a comprehension, which `written_out` resolves where its rounds are known.
    """
    found: dict[str, Expr] = {}
    for place, step in enumerate(steps):
        if isinstance(step, Loop) and len(step.targets) < 2:
            later, changing = all_written(steps[place + 1 :]), all_written([step])
            for name, value in _set_in(step, flat_loops).items():
                if step.number in flat_loops and name not in names(value):
                    rounds = None if name in later else _last_round(value, step, changing)
                else:
                    start = _start(name, steps, step)
                    rounds = None if start is None else _rounds(name, start, value, step, changing)
                if rounds is not None:
                    found[name] = rounds
    return found


def _set_in(loop: Loop, flat_loops: Container[int]) -> dict[str, Expr]:
    """What a round of a loop leaves in the variables that it sets, by what it finds in them."""
    filled = filled_by_loops(loop.body, flat_loops)
    known: dict[str, Expr] = {}
    lost: set[str] = set()
    for step in loop.body:
        setting = all_written([step])
        found: dict[str, Expr] = {}
        match step:
            case Assign(targets=(Name(id=name),), value=value):
                found[name] = value
            case Loop():
                found = {name: filled[name] for name in sorted(setting & filled.keys())}
        for name, value in found.items():
            found[name] = substitute(value, known)
        for name in setting:
            value = found.get(name, NONE)
            is_known = name in found and size(value) <= _LONGEST and lost.isdisjoint(names(value))
            known.pop(name, None)
            if is_known:
                known[name] = value
            (lost.discard if is_known else lost.add)(name)
    return known


def _start(name: str, steps: Sequence[Step], loop: Loop) -> Expr | None:
    """What a variable is before its loop; None where more than one statement around it sets it."""
    inside = {id(step) for step in flat([loop])}
    setting = [s for s in flat(steps) if name in written(s) and id(s) not in inside]
    before = steps[: next(place for place, step in enumerate(steps) if step is loop)]
    match setting:
        case [Assign(value=start) as first] if any(first is step for step in before):
            return start
    return None


def _last_round(value: Expr, loop: Loop, changing: set[str]) -> Expr | None:
    """What a loop leaves in a variable, if every round sets it by what it goes over alone;
    `changing` are the variables that the loop sets."""
    walked = {loop.targets[0] if loop.targets else loop.counter: loop.items, **dict(loop.walked)}
    if (names(value) & changing) - walked.keys() - bound(value):
        return None
    return substitute(value, {name: last_of(items) for name, items in walked.items()})


def _rounds(name: str, start: Expr, value: Expr, loop: Loop, changing: set[str]) -> Expr | None:
    """All rounds of a loop, if what they set depends on what it goes over and on that alone."""
    target = loop.targets[0] if loop.targets else loop.counter
    if (names(value) & changing) - {name, target} - bound(value):
        return None
    state = f"{name}~"
    match value:
        case Tuple(items=(Star(value=Name(id=first)), added)) if first == name:
            if name not in names(added) and not isinstance(added, Star):
                is_item = bool(loop.targets) and added == Name(target)
                each = Comprehension("generator", added, Name(target), loop.items)
                items = Star(loop.items if is_item else each)
                return joined(
                    (*(start.items if isinstance(start, Tuple) else [Star(start)]), items)
                )
    element = substitute(value, {name: Name(state)})
    return Comprehension("rounds", element, Tuple((Name(state), Name(target))), loop.items, start)


def bound(expr: Expr) -> set[str]:
    """The names that comprehensions of an expression bind."""
    held = [part.target for part in walk(expr) if isinstance(part, Comprehension)]
    return {name for target in held for name in names(target)}


def counted(expr: Expr, counts: Mapping[str, Expr]) -> Expr:
    """An expression with the lengths of packs that are known at a use."""

    def change(part: Expr) -> Expr:
        match part:
            case Tally(function=Name("len"), args=(Name(id=name),)) if name in counts:
                return counts[name]
        return rebuild(part, change)

    return change(expr)


def written_out(expr: Expr) -> Expr | None:
    """A pack's channels with the items of all rounds; None where those are not known here."""
    try:
        whole = _resolved(expr)
    except _Unknown:
        return None
    match whole:
        case Tuple(items=(Star(value=only),)):
            return only
    return whole


def _resolved(expr: Expr) -> Expr:
    match expr:
        case Comprehension(kind="generator"):
            return _items(expr)
        case Comprehension(kind="rounds", target=Tuple(items=(Name(id=state), Name(id=each)))):
            value = _resolved(expr.key or Tuple(()))
            for known in _known(_resolved(expr.iterable)):
                value = _resolved(substitute(expr.element, {state: value, each: known}))
                if size(value) > _LONGEST:
                    raise _Unknown
            return value
        case Comprehension():
            raise _Unknown
    return rebuild(expr, _resolved)


def _items(rounds: Comprehension) -> Expr:
    """The items that a loop makes a tuple longer by."""
    over, element = _resolved(rounds.iterable), rounds.element
    if isinstance(rounds.target, Name) and rounds.target.id not in names(element):
        if isinstance(over, Tuple) or not isinstance(over, Call):
            count = tally("len", over)
        elif over.function == Name("range"):
            *start, stop = over.args
            count = binary("-", stop, start[0]) if start else stop
        else:
            raise _Unknown
        number = integer(count)
        if number is None:
            return Binary("*", Tuple((element,)), count)
    assert isinstance(rounds.target, Name)
    name = rounds.target.id
    items = (_resolved(substitute(element, {name: value})) for value in _known(over))
    return Tuple(tuple(map(_number_first, items)))


def _number_first(expr: Expr) -> Expr:
    """`4 * width` for what `width * 2**i` is in the third round."""
    match expr:
        case Binary(op="*", left=left, right=Constant() as right) if not isinstance(left, Constant):
            return binary("*", right, left)
    return expr


def _known(iterable: Expr) -> Sequence[Expr]:
    """What a loop goes over.

    Raises:
      _Unknown: if the arguments do not say so.
    """
    match iterable:
        case Tuple(items=items) if not any(isinstance(each, Star) for each in items):
            return items
        case Call(function=Name(id="range"), args=args):
            ends = [end for arg in args if (end := integer(arg)) is not None]
            if len(ends) == len(args) and len(range(*ends)) <= _MANY:
                return [Constant(number) for number in range(*ends)]
    raise _Unknown
