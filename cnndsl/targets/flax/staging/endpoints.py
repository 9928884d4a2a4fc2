"""Stages, auxiliary heads and tensors with a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from cnndsl.ir import (
    Auxiliary,
    Staged,
)
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.emission import FORKED
from cnndsl.targets.flax.staging.chains import Chains
from cnndsl.targets.flax.staging.draft import END, Env, Run, Tensor
from cnndsl.targets.flax.staging.flow import Bodies
from cnndsl.targets.flax.staging.scopes import (
    tensor_names,
    tensors_read,
)
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.draft import Build, Shadow, Step
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.rebuild import rebuild, substitute
from cnndsl.targets.python.statements import all_written, flat, map_step, read
from cnndsl.targets.python.tree import (
    Assign,
    Binary,
    Blank,
    Constant,
    Expr,
    Formatted,
    If,
    Item,
    Name,
)


@dataclass(frozen=True)
class Condition:
    """The test of an `if` around, and whether it holds; what stands `before` that `if`."""

    test: Expr
    holds: bool
    before: list[Step]


class Endpoints:
    """What a model gives by name: stages, auxiliary heads, and `chain as NAME`."""

    def __init__(self, chains: Chains, run: Bodies):
        self.chains = chains
        self.flow = chains.flow
        self.values = chains.values
        self.draft = chains.draft
        self.run = run
        self.in_head = False
        counts = tensor_names(self.draft.definition.body)
        self.reassigned = {name for name, count in counts.items() if count > 1}
        self.mentions = tensors_read(self.draft.definition.body)
        self.conditions: list[Condition] = []  # of the `if`s around
        self.numbers: list[tuple[Name, int, list[Step]]] = []  # that count endpoints of loops

    def keep(self, name: str, y: Tensor, env: Env) -> Name:
        """The variable that holds a tensor of this name from here on."""
        held = env.tensors.get(name)
        if (
            held is not None
            and isinstance(held.call, Name)
            and held.call.id in self.draft.variables
        ):
            variable = held.call
        else:
            variable = self.draft.variable(name, "tensor", named=True)
        self.flow.copy(y.call, y.features, variable)
        param = None if held is None else held.param
        env.tensors[name] = replace(self.flow.tensor(variable), param=param)
        return variable

    def named(
        self,
        base: str,
        given: list[str],
        outs: Sequence[Flowing],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """A stage, a head or `chain as NAME`: an endpoint of a model, and a tensor."""
        if not self.draft.keeps_endpoints or self.in_head:
            self.keep(base, self.flow.tensor(x), env)
            return
        key = self.endpoint_key(base, given, runs)
        self.values.at_call(Assign((Item(Name("out"), key),), x))
        for name in sorted(set(given)):
            self.values.at_init(Shadow(f"{END}{name}", self.flow.features(x)))
        if not self.values.loops:
            variable = self.keep(base, self.flow.tensor(x), env)
            tensor = self.flow.tensor(variable)
            if base not in self.reassigned:  # read from the endpoints themselves
                tensor = Tensor(Item(Name("out"), key), tensor.features)
            for name in {base, *given}:
                env.tensors[name] = tensor
            return
        for name in sorted(set(given) & self.mentions):
            env.tensors[name] = self.numbered(name, given, outs, x, runs)

    def numbered(
        self, name: str, given: list[str], outs: Sequence[Flowing], x: Name, runs: list[Run]
    ) -> Tensor:
        """The endpoint of one iteration, which something names afterwards."""
        self.draft.folded |= self.values.reached(self.flow.features(x))
        found = [(run[0], out) for n, run, out in zip(given, runs, outs, strict=True) if n == name]
        seen = [out.shape[-1] for _, out in found if out.shape]
        loops, self.values.loops = self.values.loops, []
        features = self.values.residual(f"{name}_features", seen, [(n, ()) for n, _ in found])
        self.values.loops = loops
        return Tensor(Item(Name("out"), Constant(name)), features)

    def endpoint_key(self, base: str, given: list[str], runs: list[Run]) -> Expr:
        """The name of an endpoint, for the call."""
        loops = self.values.loops
        if not loops and len(set(given)) == 1:
            return Constant(given[0])
        if loops and all(name[len(base) :].isdigit() for name in given):
            numbers = [int(name[len(base) :]) for name in given]
            offsets = {n - at[-1] for n, (_, at) in zip(numbers, runs, strict=True)}
            if len(offsets) == 1:
                counter = Name(loops[-1].counter)
                return Formatted((base, binary("+", counter, Constant(offsets.pop()))))
            if len(set(numbers)) > 1 and _counts(numbers, runs):
                return Formatted((base, self.running(numbers[0])))
        return self.values.lift(self.values.residual(base, given, runs))

    def running(self, first: int) -> Name:
        """A number of the call that is one higher whenever this place is reached."""
        here = self.values.calls[-1]
        for number, begins, place in self.numbers:
            if begins == first and place is here:
                return number
        number = self.draft.variable("number", "let")
        self.numbers.append((number, first, here))
        self.values.loops[0].before.append(Assign((number,), Constant(first - 1)))
        here.insert(0, Assign((number,), Binary("+", number, Constant(1))))
        return number

    def stage(
        self, st: ast.Stage, recs: Sequence[Staged], x: Name, runs: list[Run], env: Env
    ) -> None:
        outer = self.values.path
        in_loop = bool(self.values.loops)
        self.values.path = (st.name if in_loop else recs[0].name,)
        self.values.at_call(Blank())
        self.run(st.body, [r.frame for r in recs], x, runs, env)
        self.flow.hint(st.shape, x, env)
        self.values.path = outer
        outs = [r.out for r in recs]
        self.named(st.name, [r.name for r in recs], outs, x, runs, env)
        self.values.at_call(Blank())

    def head(
        self, st: ast.Aux, recs: Sequence[Auxiliary], x: Name, runs: list[Run], env: Env
    ) -> None:
        """An auxiliary classifier: built last and only run when it is asked for."""
        outer, self.in_head = self.values.path, True
        inline = bool(self.values.loops)
        self.values.path = (st.name if inline else recs[0].name,)
        counted, self.values.counted = self.values.counted, inline
        self.values.sinks.append([])
        self.values.calls.append([])
        y = self.flow.branch_off(x, "x")
        inner = self.chains.group(st.body, env)
        self.run(st.body, [r.frame for r in recs], y, runs, inner)
        self.values.path, self.in_head, self.values.counted = outer, False, counted
        key = self.endpoint_key(st.name, [r.name for r in recs], runs)
        endpoint = Assign((Item(Name("out"), key),), y)
        init, call = self.values.sinks.pop(), self.values.calls.pop()
        self.draft.has_heads = True
        if inline:  # random numbers of its own: what follows is the same without it
            self.values.at_init(If(Name("aux"), tuple(map_step(s, _forked) for s in init)))
        else:
            self.draft.heads.extend(self.guarded(self.as_now(init)))
        self.values.at_call(If(Name("aux"), (*call, endpoint)))

    def as_now(self, init: list[Step]) -> list[Step]:
        """A head's part of the constructor, which runs last, with the values of this place."""
        reads = {n for s in flat(init) for n in read(s)} - all_written(init)
        kept = self.kept(reads, self.values.sinks[-1])
        return [map_step(step, lambda e: substitute(e, kept)) for step in init]

    def kept(self, reads: Iterable[str], sink: list[Step]) -> dict[str, Expr]:
        """Other variables for those that get new values later, set at the end of `sink`."""
        found: dict[str, Expr] = {}
        self.values.sinks.append(sink)
        for name in sorted(reads):
            variable = self.draft.variables.get(name)
            if variable is not None and not variable.stable:
                now = self.draft.variable(variable.stem, variable.kind, named=variable.named)
                self.draft.variables[now.id].stable = not self.values.loops
                self.values.define(now, Name(name))
                found[name] = now
        self.values.sinks.pop()
        return found

    def guarded(self, init: list[Step]) -> list[Step]:
        """A head's part of the constructor under the conditions of the `if`s around it."""
        steps: tuple[Step, ...] = tuple(init)
        for condition in reversed(self.conditions):
            test = substitute(condition.test, self.kept(names(condition.test), condition.before))
            steps = (If(test, steps),) if condition.holds else (If(test, (), steps),)
        return list(steps)


def _counts(numbers: Sequence[int], runs: Sequence[Run]) -> bool:
    """Whether numbers go up by one in every instance, from the same one on."""
    ahead: dict[int, int] = {}
    for number, (instance, _) in zip(numbers, runs, strict=True):
        if ahead.get(instance, numbers[0]) != number:
            return False
        ahead[instance] = number + 1
    return True


def _forked(expr: Expr) -> Expr:
    """An expression whose modules draw from the heads' random numbers."""
    changed = rebuild(expr, _forked)
    if isinstance(changed, Build) and changed.takes:
        return replace(changed, takes=(FORKED,))
    return changed
