"""Loops and branches of a body."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.ir import Chosen, Frame, Instance, Looped, Named, Node
from cnndsl.ir import Tensor as Flowing
from cnndsl.ir import Value as Item
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.conditions import condition
from cnndsl.targets.flax.staging.draft import Env, Run, Value
from cnndsl.targets.flax.staging.endpoints import Condition, Endpoints
from cnndsl.targets.flax.staging.flow import Bodies, Flow
from cnndsl.targets.flax.staging.loops import Both, counts_from_zero, with_loop
from cnndsl.targets.flax.staging.scopes import (
    binding_counts,
    bound_values,
    carried,
    overwritten,
    read_before,
)
from cnndsl.targets.flax.staging.united import united
from cnndsl.targets.python.draft import Settle, Shadow, Step
from cnndsl.targets.python.expressions import NONE, is_constant, self_
from cnndsl.targets.python.tree import (
    Attribute,
    Call,
    Do,
    Expr,
    If,
    Name,
)
from cnndsl.walks import children


@dataclass(frozen=True)
class Walk:
    """What a loop goes over, as written, and the items of every execution."""

    loop: ast.For | ast.ItemLoop
    targets: tuple[str, ...]
    written: ast.Expr
    values: list[list[Item]]


@dataclass(frozen=True)
class Choice:
    """An `if`: its conditions, and of every execution the branch and what became of it.

    `body` writes what some of the executions do, `settle` what holds behind it.
    """

    conditions: list[ast.Expr]
    taken: list[tuple[int | None, Node | None]]
    body: Callable[[list[int]], None]
    settle: Callable[[list[int]], None]


class Control:
    """Transcribes loops and branches."""

    def __init__(self, flow: Flow, endpoints: Endpoints, run: Bodies):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.endpoints = endpoints
        self.run = run
        self.counts = binding_counts(self.draft.definition.body)
        self.changing = {name for name, count in self.counts.items() if count > 1}
        self.carried = carried(self.draft.definition.body)
        self.overwritten = self.changing & overwritten(self.draft.definition.body) | self.carried
        self.around: ast.Body | None = None  # of the outermost loop that is being written
        self.flowing: Sequence[Flowing] = ()  # what arrives at an `if`

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
            variable = self.draft.variable(name, "target", named=True)
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

    def branch(
        self,
        st: ast.If,
        recs: Sequence[Chosen],
        x: Name,
        runs: list[Run],
        env: Env,
        arriving: Sequence[Flowing],
    ) -> None:
        before, self.flowing = self.flowing, arriving
        self.choose(
            Choice(
                [condition for condition, _ in st.branches],
                [(r.taken, r.frame) for r in recs],
                lambda mine: self.arm_body(recs, mine, x, runs, env),
                lambda left: self.settle(recs, left, x, runs),
            ),
            runs,
            env,
        )
        self.flowing = before

    def choose(self, choice: Choice, runs: list[Run], env: Env) -> None:
        """An `if` of constructor and call, or the only branch that is ever taken."""
        taken = {which for which, _ in choice.taken}
        order = sorted(taken, key=lambda t: (t is None, t or 0))
        left = list(range(len(choice.taken)))
        if len(order) == 1:
            last = len(choice.conditions) if order[0] is None else order[0] + 1
            for skipped in choice.conditions[:last]:
                self.values.fold(skipped, env)
            choice.body(left)
            return
        self.arm(choice, order, left, runs, env)

    def arm(
        self, choice: Choice, order: list[int | None], left: list[int], runs: list[Run], env: Env
    ) -> None:
        """The first of the branches that are left, against all others."""
        which = order[0]
        mine = [i for i in left if choice.taken[i][0] == which]
        others = [i for i in left if choice.taken[i][0] != which]
        if not others:
            choice.body(mine)
            return
        assert which is not None
        for skipped in range(which):  # conditions that never hold here
            if skipped not in {choice.taken[i][0] for i in left}:
                self.values.fold(choice.conditions[skipped], env)
        flags = [choice.taken[i][0] == which for i in left]
        within = [runs[i] for i in left]
        held = [node for i in left if (node := choice.taken[i][1]) is not None]
        expr = choice.conditions[which]
        test, at_call = condition(self.values, expr, flags, within, env, held)
        self.draft.numbers += 1
        number, outer = self.draft.numbers, self.values.arms
        loop = self.values.loops[-1] if self.values.loops else None
        bodies: list[tuple[list[Step], list[Step], set[str]]] = []
        left_none: frozenset[str] = frozenset()
        outside = self.values.sinks[-1]
        for position in (0, 1):
            before = set(loop.slots) if loop else set()
            self.values.sinks.append([])
            self.values.calls.append([])
            self.values.arms = (*outer, (number, position))
            self.endpoints.conditions.append(Condition(test, position == 0, outside))
            if position == 0:
                arriving = env.optional
                choice.body(mine)
                left_none, env.optional = env.optional, arriving
            else:
                self.arm(choice, order[1:], others, runs, env)
                env.optional |= left_none
            self.endpoints.conditions.pop()
            made = {
                s
                for s in (set(loop.slots) if loop else set()) - before
                if s not in self.values.first
            }
            bodies.append((self.values.sinks.pop(), self.values.calls.pop(), made))
        self.values.arms = outer
        (init, call, made), (other_init, other_call, other_made) = bodies
        both = united(self.values, (init, call), (other_init, other_call)) if loop else None
        if both is not None:
            made, other_made = set(), set()
        init += self.padding(other_made)
        other_init += self.padding(made)
        self.values.at_init(If(test, tuple(init), tuple(other_init)))
        self.values.at_call(both or If(at_call, tuple(call), tuple(other_call)))
        choice.settle(left)
        if both is not None and isinstance(x := both.targets[0], Name):
            self.values.at_init(Shadow(str(both.shape), self.flow.features(x)))

    def settle(self, recs: Sequence[Chosen], left: list[int], x: Name, runs: list[Run]) -> None:
        """Says which channels the branches leave in every instance."""
        found: dict[int, int] = {}
        for i in left:
            frame = recs[i].frame
            shape = (frame.out if frame is not None else self.flowing[i]).shape
            if shape is None or found.setdefault(runs[i][0], shape[-1]) != shape[-1]:
                return
        self.values.at_init(Settle(self.flow.features(x), tuple(found.items())))

    def padding(self, slots: set[str]) -> list[Step]:
        """Lists stay in step: an iteration that builds nothing leaves a gap."""
        outermost = len(self.values.loops) == 1
        return [
            Do(Call(Attribute(self_(s) if outermost else Name(s), "append"), (NONE,)))
            for s in sorted(slots, key=lambda slot: int(slot.rpartition("#")[2]))
        ]

    def arm_body(
        self, recs: Sequence[Chosen], mine: list[int], x: Name, runs: list[Run], env: Env
    ) -> None:
        frames = [f for i in mine if (f := recs[i].frame) is not None]
        if frames:
            self.run(frames[0].body, frames, x, [runs[i] for i in mine], env)


def _parts(targets: tuple[str, ...], items: list[Item], position: int) -> list[object]:
    """What one of a loop's variables gets of every item."""
    if len(targets) == 1:
        return list(items)
    return [item[position] if isinstance(item, list) else item for item in items]
