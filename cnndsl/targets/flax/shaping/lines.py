"""Lines of the call: one for each weighted layer, with its norm and activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from cnndsl.targets.flax.ops.emission import (
    ACTIVATION,
    ARITHMETIC,
    BLOCK,
    DROPOUT,
    GLOBAL,
    MERGED,
    NORM,
    POOL,
    RESHAPE,
    SLICE,
    WEIGHT,
)
from cnndsl.targets.flax.shaping.kept import Kept
from cnndsl.targets.flax.shaping.line_parts import (
    flow_of,
    is_compound,
    only_line,
    ordered_names,
    stem_of,
    target_of,
)
from cnndsl.targets.flax.shaping.widths import width
from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import (
    expressions,
    flat,
    with_bodies,
    written,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Conditional,
    Expr,
    If,
    Item,
    ListOf,
    Name,
    Return,
)

WIDTH = 76  # of a line's expression, less its indentation and target


LONG = 56  # from which on nothing joins a line


_JOINS: dict[str, frozenset[str]] = {
    WEIGHT: frozenset({NORM, ACTIVATION, SLICE}),
    NORM: frozenset({WEIGHT, ACTIVATION, RESHAPE, SLICE}),
    ACTIVATION: frozenset({WEIGHT, NORM, SLICE, MERGED, BLOCK}),
    POOL: frozenset(),
    SLICE: frozenset(),
    GLOBAL: frozenset({NORM, ACTIVATION}),
    DROPOUT: frozenset({WEIGHT, NORM, ACTIVATION, GLOBAL, MERGED, BLOCK}),
    RESHAPE: frozenset({RESHAPE}),
    ARITHMETIC: frozenset(),
    BLOCK: frozenset(),
}


_ALL = frozenset({WEIGHT, NORM, ACTIVATION})


def join_lines(draft: Draft) -> None:
    """Puts onto one line what an expert would; the call is in webs."""
    counts: Counter[str] = Counter()
    writes: Counter[str] = Counter()
    for step in flat(draft.call):
        for expr in expressions(step):
            counts.update(e.id for e in walk(expr) if isinstance(e, Name))
        if isinstance(step, Assign):
            targets = [t.id for t in step.targets if isinstance(t, Name)]
            counts.subtract(targets)
            writes.update(targets)
    draft.call = _Joining(draft, counts, writes).block(draft.call)


Merging = TypeVar("Merging", bound=Assign)


class _Joining:
    def __init__(self, draft: Draft, counts: Counter[str], writes: Counter[str]):
        self.draft = draft
        self.counts = counts
        self.writes = writes
        self.set: set[str] = set()  # variables that have a value in any case

    def block(self, steps: Sequence[Step]) -> list[Step]:
        kept = Kept()
        for step in steps:
            match step:
                case If():
                    step = _started(self.chosen(self.arms(step)), kept)
                case Line():
                    step = self.joined(step, kept)
                case Assign(targets=(Name(),), value=ListOf(items=items)):
                    step = self.merged(self.listed(step, items, kept), kept)
                case Assign(targets=(Item() | Name(),), value=Name(id=name)):
                    last = self.source(kept, name)
                    if last is not None:  # the value of another variable from the start
                        kept.drop(last)
                        step = replace(last, targets=step.targets)
                case Assign(value=Call(function=Attribute(name="split"), args=(Name(id=name), *_))):
                    last = self.source(kept, name)
                    if last is not None and width(last.value) <= LONG:
                        kept.drop(last)
                        step = replace(step, value=substitute(step.value, {name: last.value}))
                case Return(value=Name(id=name)) if (last := self.source(kept, name)) is not None:
                    if not isinstance(last.value, Conditional) or width(last.value) <= WIDTH:
                        kept.drop(last)
                        step = Return(last.value)
                case _:
                    held, before = getattr(step, "body", None), set(self.set)
                    step = step if held is None else with_bodies(step, self.block(held))
                    self.set = before  # there may be no round
            kept.add(step)
            self.set |= written(step)
        return list(kept.steps.values())

    def arms(self, step: If) -> If:
        """Both arms; an `elif` stays one."""
        before = set(self.set)
        then, after, self.set = tuple(self.block(step.body)), self.set, before
        match step.other:
            case (If() as second,):
                other: tuple[Step, ...] = (self.arms(second),)
            case _:
                other = tuple(self.block(step.other))
        self.set &= after
        return If(step.test, then, other)

    def listed(self, step: Assign, items: Sequence[Expr], kept: Kept) -> Assign:
        """A list with the line right before it as its last item."""
        if not items or not isinstance(items[-1], Name):
            return step
        last = self.source(kept, items[-1].id)
        if last is None or self.draft.variables[items[-1].id].named or width(last.value) > LONG:
            return step
        kept.drop(last)
        return replace(step, value=ListOf((*items[:-1], last.value)))

    def source(self, kept: Kept, name: str) -> Line | None:
        """The line that gives a variable its only value, read once and right here."""
        _, last = kept.last() or (0, None)
        if isinstance(last, Line) and last.targets == (Name(name),) and self.is_single(name):
            return last
        return None

    def is_single(self, name: str) -> bool:
        return self.counts[name] == 1 and self.writes[name] == 1

    def joined(self, line: Line, kept: Kept) -> Line:
        if not line.roles or MERGED in line.roles:
            return self.merged(line, kept)
        inputs = [n for n in flow_of(line.value) if self.is_single(n)]
        if not inputs:
            return line
        last = self.source(kept, inputs[0])
        if last is None or not self.admits(last, line):
            return line
        kept.drop(last)
        value = substitute(line.value, {inputs[0]: last.value})
        return replace(line, value=value, roles=line.roles | last.roles)

    def admits(self, last: Line, line: Line) -> bool:
        """Whether an op may join the line of the one before it."""
        if width(last.value) > LONG or not self.goes_on(last, line):
            return False
        (role,) = line.roles
        if is_compound(last.value) and role not in (ACTIVATION, NORM, DROPOUT):
            return False
        is_module = BLOCK in last.roles and MERGED not in last.roles
        held = last.roles | ({WEIGHT, NORM} if is_module else set())
        if role in held and role != RESHAPE:
            return False
        if role in (NORM, ACTIVATION) and held >= _ALL:
            return False
        return held <= _JOINS[role] | ({BLOCK, WEIGHT, NORM} if BLOCK in _JOINS[role] else set())

    def goes_on(self, last: Line, line: Line) -> bool:
        """What the author names has a line of its own."""
        before, after = target_of(last), target_of(line)
        same = before.split("@")[0] == after.split("@")[0]
        return same or not self.draft.variables[before].named

    def merged(self, line: Merging, kept: Kept) -> Merging:
        """Branches of one line stand in the sum or the concatenation themselves."""
        inside: dict[str, Expr] = {}
        for name in dict.fromkeys(ordered_names(line.value)):
            if not self.is_single(name) or self.draft.variables[name].named:
                continue
            found = kept.line(name)
            if found is None or self.continues(found) or width(found.value) > WIDTH:
                continue
            if kept.is_unchanged(found):
                kept.drop(found)
                inside[name] = found.value
        return replace(line, value=substitute(line.value, inside))

    def continues(self, line: Line) -> bool:
        """Whether a line goes on with a branch that earlier lines began."""
        for name in names(line.value):
            variable = self.draft.variables.get(name)
            if variable is not None and not variable.named and self.is_single(name):
                return True
        return False

    def has_value(self, targets: Sequence[Expr]) -> bool:
        """Whether a variable has a value in any case, as arguments of the call have."""
        return all(not isinstance(t, Name) or "#" not in t.id or t.id in self.set for t in targets)

    def chosen(self, step: If) -> Step:
        """`p = x if prev is None else self.adjust(prev)` for two arms that set one variable."""
        then, other = only_line(step.body), only_line(step.other)
        if then is None or (step.other and other is None):
            return step
        if not step.other and (isinstance(then.value, Name) or not self.has_value(then.targets)):
            return step
        if not step.other:
            value: Expr = then.targets[0]
        elif other is not None and other.targets == then.targets:
            value = other.value
        else:
            return step
        if is_compound(then.value) or is_compound(value):
            return step
        target = then.targets[0]
        if step.other and isinstance(target, Name):
            self.writes[target.id] -= 1
        roles = frozenset({MERGED, BLOCK}) | then.roles | (other.roles if other else frozenset())
        chosen = Conditional(then.value, step.test, value)
        if width(chosen) + (len(stem_of(target)) + 3 if step.other else 0) > WIDTH:
            return step
        return Line(then.targets, chosen, roles=roles, shape=self.shape_of(then, other))

    def shape_of(self, then: Line, other: Line | None) -> int:
        """The number of a shape that both arms have in all instances, or the one that ever runs."""
        held = [line.shape for line in (then, other) if line is not None]
        shown = [n for n in held if n >= 0 and self.draft.shown[n]]
        sizes = {shape[:-1] for n in shown for shape in self.draft.shapes[n]}
        shapes = {shape for n in shown for shape in self.draft.shapes[n]}
        channels = {self.draft.channels.get(n) for n in shown}
        alike = len(sizes) == 1 and (len(shapes) == 1 or len(channels) == 1)
        return shown[0] if len(shown) == 1 or (shown and alike) else -1


def _started(step: Step, kept: Kept) -> Step:
    """`y = relu(x) if activate else x` for one that begins as a copy."""
    number, last = next(reversed(kept.steps.items()), (0, None))
    if not isinstance(step, Line) or not isinstance(step.value, Conditional):
        return step
    if not isinstance(last, Assign) or last.targets != step.targets:
        return step
    if step.value.other != step.targets[0] or not isinstance(last.value, Name):
        return step
    del kept.steps[number]
    return replace(step, value=replace(step.value, other=last.value))
