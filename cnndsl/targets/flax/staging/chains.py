"""Chains, in step with all that became of them, to statements of constructor and call."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cnndsl.ir import (
    Chained,
    Divided,
    Element,
    Grouped,
    Instance,
    Layer,
    Merged,
    Passed,
    Reference,
    Repeated,
    Used,
)
from cnndsl.syntax import ast
from cnndsl.targets.flax.ops.emission import KINDS
from cnndsl.targets.flax.staging.draft import Env, Run, Sharing, Slot, Value
from cnndsl.targets.flax.staging.flow import Bodies, Flow, all_of
from cnndsl.targets.flax.staging.layers import Layers
from cnndsl.targets.flax.staging.levels import is_mixed, sorted_out
from cnndsl.targets.flax.staging.loops import with_loop
from cnndsl.targets.flax.staging.scopes import (
    bound_tensors,
    bound_values,
)
from cnndsl.targets.flax.staging.uses import Uses
from cnndsl.targets.python.draft import Build, Line
from cnndsl.targets.python.expressions import (
    NONE,
    call,
)
from cnndsl.targets.python.tree import (
    Assign,
    Call,
    Conditional,
    Expr,
    Name,
)

if TYPE_CHECKING:
    from cnndsl.targets.flax.staging.merging import Merging


class Chains:
    """Transcribes chains: their elements one after the other."""

    def __init__(self, flow: Flow, bodies: Bodies):
        self.flow = flow
        self.values = flow.values
        self.draft = flow.draft
        self.bodies = bodies
        self.layers = Layers(flow)
        self.uses = Uses(flow, self.layers, self.element, lambda: self.items())
        self.item_lists: Merging | None = None  # which need the loops that need chains

    def items(self) -> Merging:
        assert self.item_lists is not None
        return self.item_lists

    def chain(self, runs_of: Sequence[Chained], x: Name, runs: list[Run], env: Env) -> None:
        for i, element in enumerate(runs_of[0].chain.elements):
            self.element(element, [r.elements[i] for r in runs_of], x, runs, env)

    def element(
        self, element: ast.Element, recs: Sequence[Element], x: Name, runs: list[Run], env: Env
    ) -> None:
        env.tensors["here"] = self.flow.tensor(x)
        uses = [rec for rec in recs if isinstance(rec, Instance | Layer | Passed)]
        if isinstance(element, ast.Apply) and is_mixed(uses):
            self.bodies(*sorted_out(element, uses), x, runs, env)
            return
        counting = all_of(Layer, recs)
        if counting and len(counting) < len(recs):
            self.classifier(counting, recs, x, runs, env)
            return
        match element, recs[0]:
            case ast.Apply(), Layer():
                self.layers.layer(element, counting, x, runs, env)
            case ast.Apply(), Instance():
                self.uses.instance(element, all_of(Instance, recs), x, runs, env)
            case ast.Group(), Grouped():
                self.bodies(
                    element.body,
                    [r.frame for r in all_of(Grouped, recs)],
                    x,
                    runs,
                    self.group(element.body, env),
                )
            case ast.Merge(), Merged():
                self.items().merged(element, all_of(Merged, recs), x, runs, env)
            case ast.Pick(), Reference():
                seen = [r.index for r in all_of(Reference, recs)]
                held = self.items().pack(element.place, seen, runs, env)
                self.values.define(self.flow.features(x), held.features)
                self.values.at_call(Line((x,), held.call))
            case ast.Apply(), Divided():
                self.items().divided(element, all_of(Divided, recs), x, runs, env)
            case ast.Repeat(), Repeated():
                self.repeated(element, all_of(Repeated, recs), x, runs, env)
            case ast.Apply(), Passed():
                self.passed(element, all_of(Passed, recs), x, runs, env)
            case ast.Apply(), Used():
                self.used(element, all_of(Used, recs), x, runs, env)
            case ast.Apply(), Reference(element=ast.Apply(name=name)):
                if name != "here":  # as it is for a classifier that is left out, too
                    tensor = env.tensor(name)
                    if tensor is None:
                        raise AssertionError(f"no tensor {name}")
                    self.flow.copy(tensor.call, tensor.features, x)

    def classifier(
        self,
        counting: Sequence[Layer],
        recs: Sequence[Element],
        x: Name,
        runs: list[Run],
        env: Env,
    ) -> None:
        """The layer of the networks with classes, which those without any do not have."""
        features = self.flow.features(x)
        before = self.draft.variable("features", "features")
        self.values.define(before, features)
        theirs = [run for rec, run in zip(recs, runs, strict=True) if isinstance(rec, Layer)]
        self.layers.left_out = True
        self.layers.layer(counting[0].element, counting, x, theirs, env)
        self.layers.left_out = False
        self.values.define(features, Conditional(features, features, before))

    def passed(
        self, element: ast.Apply, recs: Sequence[Passed], x: Name, runs: list[Run], env: Env
    ) -> None:
        """A layer that is an argument: where it is one everywhere, it stands here itself."""
        values, passing = self.values, self.flow.module.passing
        if passing.is_one(recs):
            values.fold(ast.Name(element.span, element.name), env)
            run = recs[0].run
            if isinstance(run, Layer):
                held = all_of(Layer, [r.run for r in recs])
                self.layers.layer(element, held, x, runs, env)
            elif run is not None:
                uses = all_of(Instance, [r.run for r in recs])
                self.uses.instance(element, uses, x, runs, env, is_said=False)
            return
        wanted = [passing.used(r, here=True) for r in recs]
        held_by = env.value(element.name)
        layer = None if held_by is None else held_by.init
        if layer is None or wanted != [passing.used(r, here=False) for r in recs]:
            layer = values.residual(element.name, wanted, runs)
        features, role = self.flow.features(x), passing.role(recs)
        if passing.is_factory(recs[0]):
            build = Build(layer, (features,), (), KINDS)
            slot = Slot(element.name, (), weighted=True)
            applied = Call(values.module(lambda: values.slot(build, slot, runs)), (x,))
        else:
            in_call = held_by.call if held_by is not None else None
            applied = Call(in_call or values.lift(layer), (x,))
        total: Expr = features
        if any(r.out.shape[-1] != r.x.shape[-1] for r in recs):
            total = values.residual("features", [r.out.shape[-1] for r in recs], runs)
        values.define(features, total)
        self.flow.line(x, applied, recs, role, runs)

    def used(
        self, element: ast.Apply, recs: Sequence[Used], x: Name, runs: list[Run], env: Env
    ) -> None:
        """Shared layers: the first use builds their modules, all others call those."""
        sharing = env.sharing(element.name)
        if sharing is None:
            raise AssertionError(f"no shared layers {element.name}")
        values, chained = self.values, [r.run for r in recs]
        if sharing.modules is None:
            self.built_shared(sharing, chained, x, runs)
            return
        outer, values.again = values.again, deque(sharing.modules)
        self.chain(chained, x, runs, Env(sharing.env))
        values.again = outer

    def built_shared(
        self, sharing: Sharing, recs: Sequence[Chained], x: Name, runs: list[Run]
    ) -> None:
        """The first use of shared layers."""
        values = self.values
        outer, values.kept = values.kept, []
        path, values.path = values.path, sharing.path
        self.chain(recs, x, runs, Env(sharing.env))
        values.path = path
        sharing.modules, values.kept = values.kept, outer

    def group(self, body: ast.Body, env: Env) -> Env:
        """A scope of its own: what it binds anew begins as the value around it."""
        inner = Env(env)
        for name in bound_values(body):
            outer = env.value(name)
            if outer is not None:
                inner.values[name] = self.copied(name, outer)
        for name in bound_tensors(body):
            tensor = env.tensor(name)
            if tensor is not None:
                y = self.draft.variable(name, "tensor", named=True)
                self.flow.copy(tensor.call, tensor.features, y)
                inner.tensors[name] = replace(self.flow.tensor(y), param=tensor.param)
        return inner

    def copied(self, name: str, outer: Value) -> Value:
        """A variable of its own that begins with a known value."""
        init = call_ = None
        variable = self.draft.variable(name, "let", named=True)
        if outer.init is not None:
            self.values.define(variable, outer.init)
            init = variable
        if outer.call is not None or self.draft.is_function:
            self.values.at_call(
                Assign((variable,), outer.call or self.values.lift(outer.init or NONE))
            )
            call_ = variable
        return Value(init, call_, outer.samples, outer.axes)

    def repeated(
        self, element: ast.Repeat, recs: Sequence[Repeated], x: Name, runs: list[Run], env: Env
    ) -> None:
        counts = [len(r.items) for r in recs]
        if not any(counts):
            self.values.fold(element.count, env)
            return
        parts = [p for r in recs for p in r.items]
        if set(counts) == {1} and isinstance(element.count, ast.Literal):
            self.element(element.element, parts, x, runs, env)
            return
        count = self.values.value(element.count, counts, runs, env, "count")
        inner = [
            (n, (*at, k))
            for (n, at), r in zip(runs, recs, strict=True)
            for k in range(len(r.items))
        ]

        def body() -> None:
            self.element(element.element, parts, x, inner, env)

        at_call = self.values.in_call(count, element.count, env)
        items = call("range", count), call("range", at_call)
        with_loop(
            self.values, items, runs, inner, (), body, always=self.flow.always(element, counts)
        )
