"""Statements of a definition to statements of constructor and call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.ir import (
    Auxiliary,
    Chained,
    Chosen,
    Declared,
    Frame,
    Instance,
    Looped,
    Named,
    Node,
    Packed,
    Ran,
    Record,
    Returned,
    Staged,
    Unpacked,
)
from cnndsl.ir import Tensor as Flowing
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.chains import Chains
from cnndsl.targets.flax.staging.control import Control
from cnndsl.targets.flax.staging.draft import Env, Run, Sharing, Tensor, Value
from cnndsl.targets.flax.staging.endpoints import Endpoints
from cnndsl.targets.flax.staging.flow import Flow, Surroundings, all_of
from cnndsl.targets.flax.staging.kinds import LISTS, sample_kinds
from cnndsl.targets.flax.staging.merging import Merging
from cnndsl.targets.flax.staging.rounds import Rounds
from cnndsl.targets.flax.staging.scopes import runs_first
from cnndsl.targets.flax.staging.values import Values
from cnndsl.targets.python.expressions import NONE, is_constant
from cnndsl.targets.python.tree import Assign, Name
from cnndsl.walks import children


class Bodies:
    """Transcribes bodies; all frames are of one body, one for every execution."""

    def __init__(self, values: Values, module: Surroundings):
        self.values = values
        self.draft = values.draft
        self.flow = Flow(values, module)
        self.chains = Chains(self.flow, self.run)
        self.endpoints = Endpoints(self.chains, self.run)
        self.control = Control(self.flow, self.endpoints, self.run)
        self.rounds = Rounds(self.flow, self.run)
        self.items = Merging(self.flow, self.control, self.rounds, self.chains.chain)
        self.chains.item_lists = self.items
        self.frames: list[Frame] = []  # of the whole body
        self.results: list[Tensor] = []  # of a block that ends in `return`

    def run(self, body: ast.Body, frames: list[Frame], x: Name, runs: list[Run], env: Env) -> None:
        self.frames = self.frames or frames
        for i, statement in enumerate(body.statements):
            env.tensors["here"] = self.flow.tensor(x)
            recs = [f.records[i] for f in frames]
            if isinstance(statement, ast.If):
                arriving = [_arriving(f, i) for f in frames]
                self.control.branch(statement, all_of(Chosen, recs), x, runs, env, arriving)
            elif isinstance(statement, ast.Shared):
                following = body.statements[i + 1 :]
                self.declared(statement, following, all_of(Declared, recs), runs, env)
            else:
                self.statement(statement, recs, x, runs, env)

    def statement(
        self, st: ast.Statement, recs: Sequence[Record], x: Name, runs: list[Run], env: Env
    ) -> None:
        match st:
            case ast.Bind():
                self.bound(st, all_of(Ran, recs), x, runs, env)
            case ast.Pack():
                self.items.packed(st, all_of(Packed, recs), x, runs, env)
            case ast.Unpack():
                self.unpacked(st, all_of(Unpacked, recs), x, runs, env)
            case ast.Results():
                self.returned(st, all_of(Returned, recs), x, runs, env)
            case ast.Run():
                ran = all_of(Ran, recs)
                self.chains.uses.is_read = st.name is not None and self.reads(st.name)
                self.chains.chain([r.run for r in ran], x, runs, env)
                self.flow.hint(st.shape, x, env)
                if st.name is not None:
                    outs = [r.run.out for r in ran]
                    self.endpoints.named(st.name, [r.name or "" for r in ran], outs, x, runs, env)
                    self.dotted(st.name, [r.run for r in ran], env)
            case ast.Let():
                self.let(st, all_of(Named, recs), runs, env)
            case ast.For():
                self.rounds.loop(st, all_of(Looped, recs), x, runs, env)
            case ast.Stage():
                self.endpoints.stage(st, all_of(Staged, recs), x, runs, env)
            case ast.Aux():
                self.endpoints.head(st, all_of(Auxiliary, recs), x, runs, env)

    def bound(self, st: ast.Bind, recs: Sequence[Ran], x: Name, runs: list[Run], env: Env) -> None:
        """`NAME = chain`: a variable of the call; the flow stays what it is."""
        y = self.flow.branch_off(x, st.name, named=True)
        outer = self.values.path
        self.values.path = (*outer, st.name)
        self.chains.uses.is_read = self.reads(st.name)
        self.chains.chain([r.run for r in recs], y, runs, env)
        self.values.path = outer
        self.endpoints.keep(st.name, self.flow.tensor(y), env)
        self.dotted(st.name, [r.run for r in recs], env)
        env.tensors["here"] = self.flow.tensor(x)

    def unpacked(
        self, st: ast.Unpack, recs: Sequence[Unpacked], x: Name, runs: list[Run], env: Env
    ) -> None:
        """`a, b = chain`: variables of the call for all of its results."""
        y = self.flow.branch_off(x, "x")
        path, names = self.values.path, self.chains.uses.names
        self.chains.uses.names = st.names
        self.chains.chain([r.run for r in recs], y, runs, env)
        self.chains.uses.names = names
        self.values.path = path
        for name, result in zip(st.names, self.chains.uses.results, strict=True):
            if name != "_" and isinstance(result.call, Name):
                self.endpoints.keep(name, result, env)
        env.tensors["here"] = self.flow.tensor(x)

    def returned(
        self, st: ast.Results, recs: Sequence[Returned], x: Name, runs: list[Run], env: Env
    ) -> None:
        """`return a, b`: the results, or the flow where there is one."""
        found = []
        for place in range(len(st.chains)):
            single = len(st.chains) == 1
            y = x if single else self.flow.branch_off(x, "x")
            self.chains.chain([r.runs[place] for r in recs], y, runs, env)
            found.append(self.flow.tensor(y))
            if not single:
                env.tensors["here"] = self.flow.tensor(x)
        self.results = found

    def reads(self, name: str) -> bool:
        """Whether endpoints of what has this name are read."""
        return any(n.startswith(f"{name}.") for n in self.endpoints.mentions)

    def dotted(self, name: str, recs: Sequence[Chained], env: Env) -> None:
        """What the endpoints of a model mean once its result has a name."""
        if isinstance(recs[0].elements[-1], Instance):
            is_once = name not in self.endpoints.reassigned
            self.chains.uses.name_endpoints(name, env, self.endpoints.mentions, is_once)

    def declared(
        self,
        st: ast.Shared,
        following: Sequence[ast.Statement],
        recs: Sequence[Declared],
        runs: list[Run],
        env: Env,
    ) -> None:
        """`shared NAME = chain`: built by the first use, unless that may not be reached."""
        sharing = env.shared[st.name] = Sharing(st, env, (*self.values.path, st.name))
        if runs_first(st.name, following):
            return
        first = [r.uses[0] for r in recs]
        x = self.draft.variable("x", "tensor")
        channels = [use.x.shape[-1] for use in first]
        other = self.values.residual("in_features", channels, runs)
        self.values.settle(self.flow.features(x), channels, runs, env, other)
        self.values.calls.append([])
        self.chains.built_shared(sharing, [use.run for use in first], x, runs)
        self.values.calls.pop()

    def let(self, st: ast.Let, recs: Sequence[Named], runs: list[Run], env: Env) -> None:
        seen: list[object] = [r.value for r in recs]
        if any(isinstance(value, Flowing) for value in seen):  # the others are none
            self.alias(st, env)
            return
        if all(value is None for value in seen) and self.is_alias(st.name):
            self.alias(st, env)
            return
        env.aliases.pop(st.name, None)
        held = env.values.get(st.name)
        samples = [*(held.samples if held is not None else ()), *seen]
        layers = self.flow.module.passing.holds_let(st)
        if layers:
            seen = [self.flow.module.passing.let(st, value) for value in seen]
        is_said = not layers or isinstance(st.value, ast.Name)
        init = self.values.spell(st.value, env) if is_said else None
        in_call = None
        if self.draft.is_function or init is None:
            in_call = self.values.spell(st.value, env, in_call=True)
        decided = None
        if init is None:
            decided = self.values.decided_by(st.value, env)
            init = self.values.residual(st.name, seen, runs)
            in_call = init if is_constant(init) and in_call is not None else in_call
        is_new = bool(self.values.loops) and self.rounds.is_new(st.name)
        variable = self.variable_of(st.name, env, None if is_new else held)
        if is_new and decided is None and in_call is None and self.values.is_said(init):
            in_call = self.values.lift(init)
        if decided is not None:  # where the constructor reads it in the end
            self.draft.decided.append((variable.id, *decided))
        self.values.define(variable, init)
        if is_new and in_call is not None:
            self.values.said.add(variable.id)
        if self.draft.is_function and in_call is None:
            in_call = init
        if in_call is not None:
            self.values.at_call(Assign((variable,), in_call))
        kinds = sample_kinds(seen)
        axes = next((n for n, listed in LISTS.items() if kinds == {listed}), 0)
        env.values[st.name] = Value(
            variable, variable if in_call is not None else None, samples, axes
        )

    def is_alias(self, name: str) -> bool:
        """Whether some `let` of this name gives it a tensor."""
        if self.rounds.counts[name] < 2:
            return False
        stack: list[Node] = [*self.frames]
        while stack:
            current = stack.pop()
            if isinstance(current, Named) and current.statement.name == name:
                if isinstance(current.value, Flowing):
                    return True
            elif not isinstance(current, Instance):
                stack.extend(children(current))
        return False

    def alias(self, st: ast.Let, env: Env) -> None:
        """A `let` may give a tensor another name."""
        tensor = env.meant(st.value.id) if isinstance(st.value, ast.Name) else None
        meant = Tensor(NONE, NONE, optional=True) if tensor is None else tensor.or_none()
        held = env.aliases.get(st.name)
        known = held.call if held is not None else None
        variable = known if isinstance(known, Name) else None
        variable = variable or self.draft.variable(st.name, "tensor", named=True)
        self.flow.copy(meant.call, meant.features, variable)
        env.values.pop(st.name, None)
        env.aliases[st.name] = replace(self.flow.tensor(variable), optional=meant.optional)

    def variable_of(self, name: str, env: Env, held: Value | None) -> Name:
        for known in (held.init, held.call) if held is not None else ():
            if isinstance(known, Name) and known.id in self.draft.variables:
                return known
        stable = name not in self.rounds.changing and not self.values.loops
        return self.draft.variable(name, "let", stable=stable, named=True)


def _arriving(frame: Frame, index: int) -> Flowing:
    """The tensor that arrives at a statement of a body."""
    for record in reversed(frame.records[:index]):
        match record:
            case Ran(statement=ast.Run()):
                return record.run.out
            case Staged():
                return record.out
            case Looped() if record.frames:
                return record.frames[-1].out
            case Chosen() if record.frame is not None:
                return record.frame.out
    return frame.x
