"""Loops of a body, and what their targets are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.ir import Frame, Instance, Looped, Named, Node
from cnndsl.ir import Value as Item
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.draft import Env, Run, Value
from cnndsl.targets.flax.staging.flow import Bodies, Flow
from cnndsl.targets.flax.staging.loops import Both, counts_from_zero, with_loop
from cnndsl.targets.flax.staging.scopes import (
    binding_counts,
    bound_values,
    carried,
    overwritten,
    read_before,
)
from cnndsl.targets.python.expressions import is_constant
from cnndsl.targets.python.tree import Expr, Name
from cnndsl.walks import children


@dataclass(frozen=True)
class Walk:
    """What a loop goes over, as written, and the items of every execution."""

    loop: ast.For | ast.ItemLoop
    targets: tuple[str, ...]
    written: ast.Expr
    values: list[list[Item]]


class Rounds:
    """Transcribes loops."""

    def __init__(self, flow: Flow, run: Bodies):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.run = run
        self.counts = binding_counts(self.draft.definition.body)
        self.changing = {name for name, count in self.counts.items() if count > 1}
        self.carried = carried(self.draft.definition.body)
        self.overwritten = self.changing & overwritten(self.draft.definition.body) | self.carried
        self.around: ast.Body | None = None  # of the outermost loop that is being written

    def loop(self, st: ast.For, recs: Sequence[Looped], x: Name, runs: list[Run], env: Env) -> None:
        frames = [f for r in recs for f in r.frames]
        for name in read_before(st.body):
            if env.tensor(name) is None:  # no round reads what it has before the first
                variable = self.draft.variable(name, "tensor", named=True)
                self.flow.copy(x, self.flow.features(x), variable)
                env.tensors[name] = self.flow.tensor(variable)

        def body(inner: list[Run]) -> None:
            for name, values in self.rebound(st.body, frames, env).items():
                env.values[name] = replace(env.values[name], samples=values)
            self.run(st.body, frames, x, inner, env)

        around, self.around = self.around, self.around or st.body
        self.walk(Walk(st, st.targets, st.items, [r.items for r in recs]), runs, env, body)
        self.around = around

    def is_new(self, name: str) -> bool:
        """Whether what binds a name here gives a variable of its own: no round of a loop around,
        and nothing behind it, reads what the name was before."""
        loops = self.values.loops
        if self.values.arms or not all(each.number in self.draft.flat_loops for each in loops):
            return False
        if not loops:
            return True
        if self.around is None or name in self.carried:
            return False
        return binding_counts(self.around)[name] == 1

    def walk(
        self, over: Walk, runs: list[Run], env: Env, body: Callable[[list[Run]], object]
    ) -> None:
        """A loop of constructor and call; `body` writes what every round does."""
        seen = over.values
        if not any(seen):
            self.values.fold(over.written, env)
            return
        inner = [
            (n, (*at, k))
            for (n, at), held in zip(runs, seen, strict=True)
            for k in range(len(held))
        ]
        numbered = self.numbered(over)
        lists = self.lists(numbered or over, runs, env)
        (items, _), *others = lists
        sources = lists if others else lists * len(over.targets)
        names = [
            self.target(name, over, position, sources[position][0], env)
            for position, name in enumerate(over.targets)
        ]
        counter, targets = None, tuple(names)
        if numbered is not None:
            counter, targets = names[0], tuple(names[1:])
        elif len(names) == 1 and counts_from_zero(items):
            counter = None if over.targets[0] in self.overwritten else names[0]
        beside = list(zip(targets[1:], others, strict=True)) if others else []
        always, arriving = self.flow.always(over.loop, map(len, seen)), env.optional
        with_loop(
            self.values,
            lists[0],
            runs,
            inner,
            targets[: len(targets) - len(beside)],
            lambda: body(inner),
            always=always,
            counter=counter,
            beside=beside,
        )
        if not always:
            env.optional |= arriving

    def lists(self, over: Walk, runs: list[Run], env: Env) -> list[Both]:
        """What a loop goes over: one list, or several side by side, one for each target.

        Literals side by side are a table.
        """
        match over.written:
            case ast.Call(func=ast.Name(id="zip"), args=args) if len(args) == len(over.targets):
                exprs = [argument.value for argument in args]
                spelled = [self.values.spell(expr, env) for expr in exprs]
                held = [each for each in spelled if each is not None]
                if len(held) == len(args) and not all(map(is_constant, held)):
                    pairs = zip(held, exprs, strict=True)
                    return [(each, self.values.in_call(each, e, env)) for each, e in pairs]
        items = self.values.value(over.written, over.values, runs, env, "items")
        return [(items, self.values.in_call(items, over.written, env))]

    def numbered(self, over: Walk) -> Walk | None:
        """What `enumerate(…)` goes over, where its numbers count the rounds."""
        match over.written:
            case ast.Call(func=ast.Name(id="enumerate"), args=(ast.Argument(value=listed),)):
                if len(over.targets) == 2 and over.targets[0] not in self.overwritten:
                    rest = [[e[1] for e in each if isinstance(e, list)] for each in over.values]
                    return Walk(over.loop, over.targets[1:], listed, rest)
        return None

    def target(self, name: str, over: Walk, position: int, items: Expr, env: Env) -> str:
        """A variable of a loop, which may be one that the scope has."""
        counting = len(over.targets) == 1 and counts_from_zero(items)
        runs = isinstance(over.loop, ast.For) and self.flow.always(over.loop, map(len, over.values))
        is_new = runs and not self.values.loops and self.is_new(name)
        held = None if is_new else env.values.get(name)
        known = held.init if held is not None and isinstance(held.init, Name) else None
        samples = [part for each in over.values for part in _parts(over.targets, each, position)]
        if held is not None and known is not None and known.id in self.draft.variables:
            variable = known
            self.draft.variables[variable.id].stable = False
            samples = [*held.samples, *samples]
        else:
            stem = "i" if name == "_" else name  # which the module may read, to count
            variable = self.draft.variable(stem, "target", named=True)
        is_known = self.values.is_cheap(items) or counting
        self.values.ranged[variable.id] = is_known and name not in self.overwritten
        self.values.origins[variable.id] = self.values.reached(items)
        in_call = variable if self.draft.is_function else None
        env.values[name] = Value(variable, in_call, samples)
        return variable.id

    def rebound(self, body: ast.Body, frames: Sequence[Frame], env: Env) -> dict[str, list[object]]:
        """All values that names of the scope get in a loop, which may be read before."""
        known = {n: list(env.values[n].samples) for n in bound_values(body) if n in env.values}
        stack: list[Node] = list(frames) if known else []
        while stack:
            current = stack.pop()
            if isinstance(current, Named) and current.statement.name in known:
                known[current.statement.name].append(current.value)
            elif isinstance(current, Looped):
                for position, name in enumerate(current.statement.targets):
                    if name in known:
                        known[name] += _parts(current.statement.targets, current.items, position)
            if not isinstance(current, Instance):  # a block has names of its own
                stack.extend(children(current))
        return known


def _parts(targets: tuple[str, ...], items: list[Item], position: int) -> list[object]:
    """What one of a loop's variables gets of every item."""
    if len(targets) == 1:
        return list(items)
    return [item[position] if isinstance(item, list) else item for item in items]
