"""A module, and a list of its like beside it: one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Line, Loop, Step
from cnndsl.targets.python.expressions import walk
from cnndsl.targets.python.filled import appended, appended_in_loop, moved, moved_in_loop
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import (
    bodies,
    expressions,
    flat,
    map_step,
    mentions,
    with_bodies,
)
from cnndsl.targets.python.tree import Assign, Attribute, Call, Expr, Name

# Whether two modules, by their attributes or variables, are all of one stage or binding but for
# some that are gone.
Together = Callable[[Expr, Expr, set[Expr]], bool]


class Runs:
    """`unit(…) -> unit(…) * n` is one list: its first item is built before the others.

    So is `unit(…) * n -> unit(…)`, whose last one is built behind them. Either may be of another
    class where it stands `together` with the others.
    """

    def __init__(self, init: Sequence[Step], together: Together):
        self.init = list(init)
        self.together = together
        self.gone: set[Expr] = set()  # modules that became items of lists

    def run(self, steps: Sequence[Step]) -> tuple[list[Step], list[Step]]:
        self.counts: Counter[Expr] = Counter()
        for step in flat(steps):
            for expr in expressions(step):
                self.counts.update(e for e in walk(expr) if isinstance(e, (Name, Attribute)))
        found, _ = self.block(list(steps), {}, is_whole=True)
        return self.init, found

    def block(
        self, steps: list[Step], walked: dict[str, Expr], *, is_whole: bool = False
    ) -> tuple[list[Step], set[str]]:
        """The statements, and the items of the loop around that are walked no more.

        `is_whole`: they are all that there are.
        """
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
            if isinstance(step, Loop) and position + 1 < len(steps):
                line, behind = _next_line(steps, position + 1)
                last = self.last_of(step, line, walked, steps[behind:] if is_whole else None)
                if last is not None:
                    module, steps[position], kept_flow = last
                    if isinstance(module, Name):
                        gone.add(module.id)
                    self.gone.add(module)
                    steps[position + 1 : behind] = kept_flow
                    continue
            before = position - 1
            if isinstance(step, Loop) and before >= 0:
                first = self.first_of(step, steps[before], walked)
                if first is not None:
                    module, kept_flow = first
                    if isinstance(module, Name):
                        gone.add(module.id)
                    self.gone.add(module)
                    steps[before : before + 1] = kept_flow
                    position = before + len(kept_flow)  # there may be more before the loop
                    continue
            position -= 1
        return steps, gone

    def first_of(
        self, loop: Loop, line: Step, walked: dict[str, Expr]
    ) -> tuple[Expr, list[Step]] | None:
        """The module of the line before a loop, once it is the first of the loop's list."""
        found = self.applied(loop, line)
        if found is None or not isinstance(line, Line):
            return None
        module, flow, carried = found
        if line.targets != (carried,):
            return None
        (_, source) = loop.walked[0]
        mixed = self.together(module, source, self.gone)
        if isinstance(module, Name):
            held = _held(module, source, walked)
            init = None if held is None else moved_in_loop(self.init, *held, mixed)
        else:
            init = moved(self.init, module, source, mixed)
        if init is None:
            return None
        self.init = init
        return module, [] if line.targets == (flow,) else [Assign(line.targets, flow)]

    def last_of(
        self, loop: Loop, line: Step, walked: dict[str, Expr], later: Sequence[Step] | None
    ) -> tuple[Expr, Step, Sequence[Step]] | None:
        """The module of the line behind a loop, once it is the last of the loop's list.

        `later` are the statements behind both, where nothing else reads what the loop leaves.
        """
        found = self.applied(loop, line)
        if found is None or not isinstance(line, Line):
            return None
        module, flow, carried = found
        if flow != carried:
            return None
        if line.targets != (flow,) and (later is None or flow in mentions(later)):
            return None
        (name, source) = loop.walked[0]
        mixed = self.together(module, source, self.gone)
        if isinstance(module, Name):
            held = _held(module, source, walked)
            init = None if held is None else appended_in_loop(self.init, *held, mixed)
        else:
            init = appended(self.init, module, source, mixed)
        if init is None:
            return None
        self.init = init
        body = replace(line, targets=(flow,), value=Call(Name(name), (flow,)))
        kept_flow = [] if line.targets == (flow,) else [Assign(line.targets, flow)]
        return module, replace(loop, body=(body,)), kept_flow

    def applied(self, loop: Loop, line: Step) -> tuple[Name | Attribute, Expr, Expr] | None:
        """The module of a line beside a loop that applies its like, what it is applied to, and
        what the loop carries."""
        if len(loop.walked) != 1 or len(loop.body) != 1:
            return None
        ((name, _),), (body,) = loop.walked, loop.body
        if not isinstance(line, Line) or not isinstance(body, Line):
            return None
        if not _applies(body, Name(name)) or not _goes_on(body):
            return None
        value = line.value
        if not isinstance(value, Call) or len(value.args) != 1 or value.keywords:
            return None
        module = value.function
        if not isinstance(module, (Name, Attribute)) or not _applies(line, module):
            return None
        return (module, value.args[0], body.targets[0]) if self.counts[module] == 1 else None


def _next_line(steps: Sequence[Step], at: int) -> tuple[Step, int]:
    """The statement at a place, and where the next one is; past a copy that is read there alone."""
    match steps[at : at + 2]:
        case [Assign(targets=(Name(id=name) as kept,), value=Name() as flow), Line() as line]:
            if line.targets == (kept,) or kept not in mentions(steps[at + 2 :]):
                return map_step(line, lambda expr: substitute(expr, {name: flow})), at + 2
    return steps[at], at + 1


def _held(module: Name, source: Expr, walked: dict[str, Expr]) -> tuple[Expr, Expr] | None:
    """The lists of a loop around that a module and a list of its like come from."""
    holder = walked.get(module.id)
    outer = walked.get(source.id) if isinstance(source, Name) else None
    return None if holder is None or outer is None else (holder, outer)


def _applies(step: Step, module: Expr) -> bool:
    """Whether a line applies a module to what flows, and nothing else."""
    match step:
        case Line(targets=(Name(),), value=Call(function=function, args=(Name(),), keywords=())):
            return function == module
    return False


def _goes_on(body: Line) -> bool:
    """Whether each item of a list gets what the one before it gave."""
    return isinstance(body.value, Call) and body.value.args == body.targets
