"""Loops that fill and walk lists, as one writes them.

Constructor and call are changed together: what the call walks is what the constructor fills.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.targets.python.draft import Line, Loop, Step
from cnndsl.targets.python.expressions import (
    NONE,
    binary,
    call,
    integer,
    names,
    rebuild,
    substitute,
    walk,
)
from cnndsl.targets.python.statements import (
    all_written,
    bodies,
    expressions,
    flat,
    map_step,
    mentions,
    read,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Blank,
    Call,
    Comprehension,
    Constant,
    Do,
    Expr,
    Item,
    ListOf,
    Name,
    Star,
)

Fresh = Callable[[str], str]  # a variable with this stem
Width = Callable[[Expr, int], int]

_FEW = 2  # repetitions that are written out


@dataclass(frozen=True)
class Lists:
    """Shapes the loops of one class.

    `fresh` makes a variable; `width` says how long an expression will be where its calls stand
    so many times more; `always` are loops that run at least once; `room` is what a line of a
    list may take.
    """

    fresh: Fresh
    width: Width
    always: set[int]
    room: int = 72

    def shape(
        self, init: Sequence[Step], call_: Sequence[Step]
    ) -> tuple[list[Step], list[Step]]:
        init, call_ = self.elements(init), self.elements(call_)
        init, call_ = _Flattening(init).run(call_)
        init, call_ = _Runs(init).run(call_)
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
                step = with_bodies(step, *map(self.listings, inner))
            if isinstance(step, Loop) and (shaped := self.listing(step, found)) is not None:
                found = shaped
            else:
                found.append(step)
        return found

    def listing(self, loop: Loop, before: list[Step]) -> list[Step] | None:
        """The statements before a loop with the lists that it fills made in one go."""
        if not _repeats(loop):
            return None
        appends = [s for s in loop.body if _append(s) is not None]
        carried = [s for s in loop.body if _append(s) is None]
        if not appends or len(carried) > 1:
            return None
        carry = _carry(carried[0]) if carried else None
        if carried and (carry is None or loop.number not in self.always):
            return None
        if carry is not None and loop.body[-1] is not carried[0]:
            return None
        if carry is not None and names(carry[1]) & {carry[0], loop.counter}:
            return None
        steps = list(before)
        for step in appends:
            holder, value = _append(step) or (NONE, NONE)
            at = next((i for i, s in enumerate(steps) if _is_start(s, holder)), None)
            if at is None or any(holder == e for e in mentions(steps[at + 1 :])):
                return None
            start = steps[at]
            assert isinstance(start, Assign)
            items = self.items(loop, value, carry, _started(start.value))
            if items is None or names(items) & all_written(steps[at + 1 :]):
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
        if number is not None and number + len(parts) <= _FEW and not counted:
            parts += [rest] * number
            return ListOf(tuple(parts)) if self.fits(parts) else None
        target = Name(loop.counter if counted else "_")
        many = Comprehension("generator", rest, target, call("range", count))
        if not parts:
            return many if self.width(rest, 0) <= self.room else None
        return ListOf((*parts, Star(many))) if self.fits([*parts, many]) else None

    def fits(self, parts: Sequence[Expr]) -> bool:
        """Whether each item of a list has a line of its own."""
        return all(self.width(part, 1) <= self.room for part in parts)


LIST = Attribute(Name("nnx"), "List")


def _singular(name: str) -> str:
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


def _append(step: Step) -> tuple[Expr, Expr] | None:
    """The list and the value of `list.append(value)`."""
    match step:
        case Do(Call(function=Attribute(base=base, name="append"), args=(value,))):
            return base, value
    return None


def _carry(step: Step) -> tuple[str, Expr] | None:
    match step:
        case Assign(targets=(Name(id=name),), value=value):
            return name, value
    return None


def _is_start(step: Step, holder: Expr) -> bool:
    """Whether a statement makes the list that `holder` names."""
    return (
        isinstance(step, Assign)
        and step.targets == (holder,)
        and isinstance(step.value, Call)
        and step.value.function == LIST
        and all(isinstance(a, ListOf) for a in step.value.args)
    )


def _started(value: Expr) -> tuple[Expr, ...]:
    """What a list holds from the start."""
    if isinstance(value, Call) and value.args and isinstance(value.args[0], ListOf):
        return value.args[0].items
    return ()


# --- lists of lists that are walked as one ------------------------------------------------


class _Flattening:
    """Makes one list of a list of lists, where the call only walks them one after the other."""

    def __init__(self, init: Sequence[Step]):
        self.init = list(init)

    def run(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        steps = [self.step(step) for step in steps]
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


def _one_list(outer: Loop, number: int) -> Loop | None:
    """A loop of the constructor whose inner loop fills the outer lists themselves."""
    holders: dict[Expr, Expr] = {}
    for step in outer.body:
        held = _append(step)
        if held is not None and isinstance(held[1], Name):
            holders[held[1]] = held[0]
    starts = {s.targets[0] for s in outer.body if isinstance(s, Assign) and _is_empty(s.value)}
    holders = {inner: held for inner, held in holders.items() if inner in starts}
    inner = next((s for s in outer.body if isinstance(s, Loop) and s.number == number), None)
    if inner is None or not holders:
        return None
    filled = {h for s in inner.body if (a := _append(s)) is not None and (h := a[0]) in holders}
    if filled != set(holders):
        return None
    values = {h.id: o for h, o in holders.items() if isinstance(h, Name)}
    body: list[Step] = []
    for step in outer.body:
        held = _append(step)
        if held is not None and held[1] in holders:
            continue
        if isinstance(step, Assign) and step.targets[0] in holders and _is_empty(step.value):
            continue
        if step is inner:
            step = map_step(step, lambda e: substitute(e, values))
        body.append(step)
    return replace(outer, body=tuple(body))


def _is_empty(value: Expr) -> bool:
    return isinstance(value, Call) and value.function == LIST and not value.args


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


# --- a module, and a list of its like -----------------------------------------------------


class _Runs:
    """`unit(…) -> unit(…) * n` is one list: its first item is built before the others."""

    def __init__(self, init: Sequence[Step]):
        self.init = list(init)

    def run(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        self.counts: Counter[Expr] = Counter()
        for step in flat(steps):
            for expr in expressions(step):
                self.counts.update(e for e in walk(expr) if isinstance(e, (Name, Attribute)))
        found, _ = self.block(list(steps), {})
        return self.init, found

    def block(
        self, steps: list[Step], walked: dict[str, Expr]
    ) -> tuple[list[Step], set[str]]:
        """The statements, and the items of the loop around that are walked no more."""
        gone: set[str] = set()
        position = len(steps) - 1
        while position >= 0:
            step = steps[position]
            inner = bodies(step)
            if isinstance(step, Loop):
                body, lost = self.block(list(step.body), dict(step.walked))
                kept = tuple((n, s) for n, s in step.walked if n not in lost)
                step = replace(step, body=tuple(body), walked=kept)
            elif inner:
                step = with_bodies(step, *(self.block(list(b), {})[0] for b in inner))
            steps[position] = step
            before = position - 1
            if isinstance(step, Loop) and before >= 0:
                first = self.first_of(step, steps[before], walked)
                if first is not None:
                    module, kept_flow = first
                    if isinstance(module, Name):
                        gone.add(module.id)
                    steps[before : before + 1] = kept_flow
                    position = before + len(kept_flow)  # there may be more before the loop
                    continue
            position -= 1
        return steps, gone

    def first_of(
        self, loop: Loop, line: Step, walked: dict[str, Expr]
    ) -> tuple[Expr, list[Step]] | None:
        """The module of the line before a loop, once it is the first of the loop's list."""
        if len(loop.walked) != 1 or len(loop.body) != 1:
            return None
        (name, source), (body,) = loop.walked[0], loop.body
        if not _applies(body, Name(name)) or not isinstance(line, Line):
            return None
        value = line.value
        if not isinstance(value, Call) or len(value.args) != 1 or value.keywords:
            return None
        module = value.function
        if not isinstance(module, (Name, Attribute)) or not _applies(line, module):
            return None
        if not isinstance(body, Line) or not _goes_on(body):
            return None
        if line.targets != body.targets or self.counts[module] != 1:
            return None
        if isinstance(module, Name):
            holder = walked.get(module.id)
            outer = walked.get(source.id) if isinstance(source, Name) else None
            if holder is None or outer is None:
                return None
            init = _moved_in_loop(self.init, holder, outer)
        elif isinstance(source, Attribute):
            init = _moved(self.init, module, source)
        else:
            return None
        if init is None:
            return None
        self.init = init
        flow = value.args[0]
        return module, [] if line.targets == (flow,) else [Assign(line.targets, flow)]


def _applies(step: Step, module: Expr) -> bool:
    """Whether a line applies a module to what flows, and nothing else."""
    match step:
        case Line(targets=(Name(),), value=Call(function=function, args=(Name(),), keywords=())):
            return function == module
    return False


def _goes_on(body: Line) -> bool:
    """Whether each item of a list gets what the one before it gave."""
    return isinstance(body.value, Call) and body.value.args == body.targets


def _moved(init: Sequence[Step], module: Expr, holder: Expr) -> list[Step] | None:
    """The constructor with `module` as the first item of the list that `holder` names."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = _moved(body, module, holder)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                return [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
    assigned = (i for i, s in enumerate(init) if isinstance(s, Assign) and s.targets == (module,))
    first = next(assigned, None)
    start = next((i for i, s in enumerate(init) if _is_start(s, holder)), None)
    if first is None or start is None or first > start:
        return None
    return _with_first(list(init), first, start, getattr(init[first], "value", NONE))


def _with_first(steps: list[Step], first: int, start: int, value: Expr) -> list[Step] | None:
    if names(value) & all_written(steps[first + 1 : start]):
        return None
    made = steps[start]
    assert isinstance(made, Assign)
    items = ListOf((value, *_started(made.value)))
    steps[start] = Assign(made.targets, Call(LIST, (items,)))
    del steps[first]
    return steps


def _moved_in_loop(init: Sequence[Step], holder: Expr, outer: Expr) -> list[Step] | None:
    """The same inside a loop, where both are appended to lists."""
    for position, step in enumerate(init):
        for which, body in enumerate(bodies(step)):
            inner = _moved_in_loop(body, holder, outer)
            if inner is not None:
                held = [list(b) for b in bodies(step)]
                held[which] = inner
                steps = [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
                return [s for s in steps if not _is_start(s, holder)]
    appended = {a[0]: (i, a[1]) for i, s in enumerate(init) if (a := _append(s)) is not None}
    if holder not in appended or outer not in appended:
        return None
    first, value = appended[holder]
    _, made = appended[outer]
    start = next((i for i, s in enumerate(init) if _is_start(s, made)), None)
    if start is None or first > start:
        return None
    return _with_first(list(init), first, start, value)
