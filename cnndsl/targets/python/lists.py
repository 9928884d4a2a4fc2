"""Loops that fill and walk lists, as one writes them.

Constructor and call are changed together: what the call walks is what the constructor fills.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.targets.python.appends import LIST, append, carries, is_start, started
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import NONE, call, integer, names, walk
from cnndsl.targets.python.firsts import Runs, Together
from cnndsl.targets.python.flattening import Flattening
from cnndsl.targets.python.rebuild import rebuild, substitute
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
    Call,
    Comprehension,
    Constant,
    Expr,
    Item,
    ListOf,
    Name,
    Star,
)

Fresh = Callable[[str], str]  # a variable with this stem


Width = Callable[[Expr, int], int]


_FEW = 2  # repetitions that are written out
_STEP = 4  # columns that a body stands further in


@dataclass(frozen=True)
class Lists:
    """Shapes the loops of one class.

    `fresh` makes a variable; `together` says what is of one stage; `width` says how long an
    expression will be where its calls stand so many times more; `always` are loops that run at
    least once; `room` is what a line of a list may take.
    """

    fresh: Fresh
    together: Together
    width: Width
    always: set[int]
    room: int = 71

    def shape(self, init: Sequence[Step], call_: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        init, call_ = self.elements(init), self.elements(call_)
        init, call_ = Flattening(init).run(call_)
        init, call_ = Runs(init, self.together).run(call_)
        return self.listings(init), list(call_)

    # --- items of a list by their number ------------------------------------------------

    def elements(self, steps: Sequence[Step]) -> list[Step]:
        """`for i, depth in enumerate(depths)` where `depths[i]` is read."""
        found = []
        for step in steps:
            inner = bodies(step)
            if inner:
                step = with_bodies(step, *map(self.elements, inner))
            found.append(self.element(step) if isinstance(step, Loop) else step)
        return found

    def element(self, loop: Loop) -> Loop:
        base = _counted(loop.items)
        if base is None or loop.targets not in ((loop.counter,), ()):
            return loop
        item = Item(base, Name(loop.counter))
        if not any(item in walk(e) for s in flat(loop.body) for e in expressions(s)):
            return loop
        if loop.counter in all_written(loop.body):
            return loop
        stem = base.name if isinstance(base, Attribute) else getattr(base, "id", "")
        name = self.fresh(_singular(stem.split("#")[0]))

        def change(expr: Expr) -> Expr:
            return Name(name) if expr == item else rebuild(expr, change)

        body = tuple(map_step(s, change) for s in loop.body)
        return replace(loop, targets=(name,), items=base, body=body)

    # --- lists in one expression ----------------------------------------------------------

    def listings(self, steps: Sequence[Step]) -> list[Step]:
        """`nnx.List([a(…), *(b(…) for _ in range(n - 1))])` where that is short."""
        found: list[Step] = []
        for step in steps:
            inner = bodies(step)
            if inner:
                deeper = replace(self, room=self.room - _STEP)
                step = with_bodies(step, *map(deeper.listings, inner))
            shaped = self.listing(step, found) if isinstance(step, Loop) else self.last(step, found)
            found = shaped if shaped is not None else [*found, step]
        return found

    def last(self, step: Step, before: list[Step]) -> list[Step] | None:
        """The statements before `list.append(…)` with that item in the list from the start."""
        added = append(step)
        if added is None:
            return None
        holder, value = added
        targets = [s.targets if isinstance(s, Assign) else () for s in before]
        at = next((i for i, held in enumerate(targets) if held == (holder,)), None)
        start = None if at is None else before[at]
        if at is None or not isinstance(start, Assign):
            return None
        items = _items(start.value)
        later = before[at + 1 :]
        if not items or holder in mentions(later) or names(value) & all_written(later):
            return None
        if not self.fits([*items, value]):
            return None
        made = Call(LIST, (ListOf((*items, value)),))
        return [*before[:at], Assign(start.targets, made), *later]

    def listing(self, loop: Loop, before: list[Step]) -> list[Step] | None:
        """The statements before a loop with the lists that it fills made in one go."""
        if not _repeats(loop):
            return None
        appends = [s for s in loop.body if append(s) is not None]
        carried = [s for s in loop.body if append(s) is None]
        if not appends or len(carried) > 1:
            return None
        carry = carries(carried[0]) if carried else None
        if carried and (carry is None or loop.number not in self.always):
            return None
        if carry is not None and loop.body[-1] is not carried[0]:
            return None
        if carry is not None and names(carry[1]) & {carry[0], loop.counter}:
            return None
        steps = list(before)
        for step in appends:
            holder, value = append(step) or (NONE, NONE)
            at = next((i for i, s in enumerate(steps) if is_start(s, holder)), None)
            if at is None or any(holder == e for e in mentions(steps[at + 1 :])):
                return None
            start = steps[at]
            assert isinstance(start, Assign)
            there = started(start.value)
            items = self.items(loop, value, carry, there)
            if items is None:
                return None
            added = ListOf(items.items[len(there) :]) if isinstance(items, ListOf) else items
            if names(added) & all_written(steps[at + 1 :]):
                return None
            steps[at] = Assign(start.targets, Call(LIST, (items,)))
        return [*steps, *carried]

    def items(
        self, loop: Loop, value: Expr, carry: tuple[str, Expr] | None, started: tuple[Expr, ...]
    ) -> Expr | None:
        """What a list holds in the end; None where a loop says it more shortly."""
        counted = loop.counter in names(value)
        count = loop.items.args[0] if isinstance(loop.items, Call) else NONE
        parts = list(started)
        rest = value
        if carry is not None and carry[0] in names(value):
            if counted:
                return None
            parts.append(value)
            rest = substitute(value, {carry[0]: carry[1]})
            count = binary("-", count, Constant(1))
        number = integer(count)
        few = number is not None and (number <= 1 or number + len(parts) <= _FEW)
        if number is not None and few and not counted:
            parts += [rest] * number
            return ListOf(tuple(parts)) if self.fits(parts) else None
        target = Name(loop.counter if counted else "_")
        many = Comprehension("generator", rest, target, call("range", count))
        if not parts:
            return many if self.width(rest, 0) <= self.room else None
        parts.append(Star(many))
        return ListOf(tuple(parts)) if self.fits(parts) else None

    def fits(self, parts: Sequence[Expr]) -> bool:
        """Whether each item of a list has a line of its own."""
        return all(self.width(part, 1) <= self.room for part in parts)


def _items(value: Expr) -> tuple[Expr, ...]:
    """What is written of a list's items."""
    match value:
        case Call(args=(ListOf(items=items),)):
            return items
        case Call(args=(Comprehension() as many,)):
            return (Star(many),)
    return ()


def _singular(name: str) -> str:
    if name.endswith(("shes", "ches", "xes")):
        return name[:-2]
    if name.endswith("s") and not name.endswith("ss") and len(name) > 1:
        return name[:-1]
    return f"{name}_item"


def _counted(items: Expr) -> Expr | None:
    """The list of `range(len(list))`."""
    match items:
        case Call(function=Name("range"), args=(Call(function=Name("len"), args=(base,)),)):
            return base if isinstance(base, (Name, Attribute)) else None
    return None


def _repeats(loop: Loop) -> bool:
    """Whether a loop only counts, and is not named by the author."""
    match loop.items:
        case Call(function=Name("range"), args=(_,)):
            return not loop.targets and not loop.walked
    return False
