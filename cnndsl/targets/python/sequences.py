"""`self.b7 = nnx.Sequential(…)` for modules that are only applied one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import names, path, self_, walk
from cnndsl.targets.python.statements import all_written, bodies, expressions, flat, with_bodies
from cnndsl.targets.python.tree import Assign, Attribute, Call, Expr, Name

_LEAST = 3  # modules from which on that is no longer than a line for each

# A name for the sequence of some attributes, None where they are not all of something.
Together = Callable[[list[str]], str | None]


def sequences(
    init: Sequence[Step], call: Sequence[Step], together: Together
) -> tuple[list[Step], list[Step]]:
    """Constructor and call with such modules as one."""
    return _Sequences(init, call, together).run()


class _Sequences:
    def __init__(self, init: Sequence[Step], call: Sequence[Step], together: Together):
        self.init = list(init)
        self.call = call
        self.together = together
        self.counts: Counter[Expr] = Counter()
        for step in flat(call):
            for expr in expressions(step):
                self.counts.update(e for e in walk(expr) if isinstance(e, (Name, Attribute)))

    def run(self) -> tuple[list[Step], list[Step]]:
        call = self.block(self.call)
        return self.init, call

    def block(self, steps: Sequence[Step]) -> list[Step]:
        steps = [
            with_bodies(step, *map(self.block, bodies(step))) if bodies(step) else step
            for step in steps
        ]
        found: list[Step] = []
        position = 0
        while position < len(steps):
            end = self.end(steps, position)
            line = self.joined(steps[position:end]) if end - position >= _LEAST else None
            found += [line] if line is not None else steps[position:end]
            position = end
        return found

    def end(self, steps: Sequence[Step], start: int) -> int:
        """Where a series of lines ends, each of which applies a module to the one before it."""
        end = start + 1
        if _module(steps[start]) is None:
            return end
        while end < len(steps):
            last, step = steps[end - 1], steps[end]
            if _module(step) is None or not isinstance(last, Line) or not isinstance(step, Line):
                break
            target = last.targets[0]
            goes_on = isinstance(step.value, Call) and step.value.args == (target,)
            if not goes_on or self.counts[target] != 2:  # set, and read once
                break
            end += 1
        return end

    def joined(self, lines: Sequence[Step]) -> Line | None:
        """The one line for several, once the constructor makes their modules as one."""
        modules = [name for line in lines if (name := _module(line)) is not None]
        if any(self.counts[self_(name)] != 1 for name in modules):
            return None
        name = self.together(modules)
        init = None if name is None else _made(self.init, modules, name)
        first, last = lines[0], lines[-1]
        if init is None or name is None:
            return None
        if not isinstance(first, Line) or not isinstance(last, Line):
            return None
        self.init = init
        assert isinstance(first.value, Call)
        value = Call(self_(name), first.value.args)
        return Line(last.targets, value, roles=last.roles, shape=last.shape)


def _module(step: Step) -> str | None:
    """The attribute that a line applies to what flows, if that is all it does."""
    match step:
        case Line(
            targets=(Name(),),
            value=Call(Attribute(Name("self"), name), (Name(),), ()),
        ):
            return name
    return None


def _made(init: Sequence[Step], modules: list[str], name: str) -> list[Step] | None:
    """The constructor with one sequence in place of some modules; None where it cannot be."""
    places = {
        step.targets[0].name: i
        for i, step in enumerate(init)
        if isinstance(step, Assign) and isinstance(step.targets[0], Attribute)
    }
    if not any(module in places for module in modules):
        for position, step in enumerate(init):
            for which, body in enumerate(bodies(step)):
                inner = _made(body, modules, name)
                if inner is not None:
                    held = [list(b) for b in bodies(step)]
                    held[which] = inner
                    return [*init[:position], with_bodies(step, *held), *init[position + 1 :]]
        return None
    if not all(module in places for module in modules):
        return None
    at = sorted(places[module] for module in modules)
    values: list[Expr] = []
    for module in modules:
        step = init[places[module]]
        assert isinstance(step, Assign)
        if names(step.value) & all_written(init[places[module] + 1 : at[-1]]):
            return None
        values.append(step.value)
    made = Assign((self_(name),), Call(path("nnx.Sequential"), tuple(values)))
    return [made if i == at[-1] else s for i, s in enumerate(init) if i not in at[:-1]]
