"""A model with its variants to one class."""

from __future__ import annotations

from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Layer, Network
from cnndsl.ops.base import Op
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import Param, is_mixed, is_pair, pair_of
from cnndsl.targets.flax.definitions import ClassLowering
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.numbers import spelled
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Binding,
    Choice,
    Lit,
    Py,
    Ref,
    Scope,
    bindings,
    frozen,
)
from cnndsl.targets.flax.spelling import Env, Sym, Symbol, Unspellable


class ModelLowering(ClassLowering):
    """A model with its variants."""

    is_model = True
    concrete = True

    def __init__(
        self, module: Any, model: ast.Model, name: str, networks: list[Network], fixed: set[str]
    ):
        super().__init__(module, model, name)
        self.networks = networks
        self.fixed = fixed  # parameters that some literal of the class stands for
        self.class_values: dict[Binding, dict[int, Any]] = {}
        self.late: dict[Binding, Binding] = {}  # arguments with a default worked out late

    def attempt_body(self, target: str) -> None:
        self.begin()
        self.class_values, self.late = {}, {}
        env = Env()
        for parameter in self.definition.parameters:
            self.declare(parameter, env)
        images = tuple(n.input for n in self.networks)
        channels = self.image_channels(env, [i.shape[-1] for i in images])
        env.tensors["in"] = Symbol("x", channels, images[0])
        self.state.variables = ("x",)
        cx = list(range(len(self.networks)))
        flow = Flow("x", channels, images)
        self.result = self.body([n.frame for n in self.networks], flow, Site(cx, env, target, ()))

    def image_channels(self, env: Env, seen: list[int]) -> Py:
        expr = self.definition.body.statements[0].shape
        if isinstance(expr, ast.List) and len(expr.items) == 3:
            return self.speller.spell(expr.items[2], env).py
        return self.computed("in_channels", list(range(len(seen))), seen)

    def declare(self, parameter: ast.Parameter, env: Env) -> None:
        """One parameter: an argument if it can be, what variants set is the class's."""
        name = parameter.name
        seen = [n.arguments[name] for n in self.networks]
        if is_mixed(seen):
            env.values[name] = Sym(seen[0], None)
            return
        pair = is_pair(seen)
        if pair:
            seen = [pair_of(value) for value in seen]
        given = any(name in n.given for n in self.networks)
        if name not in self.fixed and not given and self.declare_late(parameter, seen, env):
            return
        if any(repr(value) != repr(seen[0]) for value in seen):
            settled = self.compute(name, dict(enumerate(seen)))
            settled.binding.pair = pair
            env.values[name] = Sym(seen[0], settled)
            return
        value = frozen(seen[0])
        if name in self.fixed or value is None or parameter.default is None:
            env.values[name] = Sym(seen[0], Lit(value), None)
            return
        binding = self.bind(self.free_name(name), Scope.ARGUMENT, values=dict(enumerate(seen)))
        self.params.append(Param(binding, "own", name, Lit(value)))
        env.values[name] = Sym(seen[0], Ref(binding))

    def declare_late(self, parameter: ast.Parameter, seen: list[Any], env: Env) -> bool:
        """A default that other parameters decide: `classes = 10 if cifar else 1000`."""
        if parameter.default is None or isinstance(parameter.default, ast.Literal):
            return False
        try:
            default = self.speller.spell(parameter.default, env).py
        except Unspellable:
            return False
        if default is None or not any(True for _ in bindings(default)):
            return False
        values = dict(enumerate(seen))
        name = self.free_name(parameter.name)
        binding = self.bind(name, Scope.ARGUMENT, values=values)
        self.params.append(Param(binding, "own", parameter.name, Lit(None)))
        settled = self.bind(name, Scope.LOCAL, values=values)
        self.define(settled, Choice(default, Bin("is", Ref(binding), Lit(None)), Ref(binding)))
        env.values[parameter.name] = Sym(seen[0], Ref(settled))
        self.late[settled] = binding
        return True

    def optional_head(self, op: Op, recs: list[Layer]) -> str:
        """`classes = 0` leaves out the classifier: a backbone gives the features before it."""
        outputs = {id(n.output) for n in self.networks}
        if op.name != "dense" or self.in_head or any(id(rec.out) not in outputs for rec in recs):
            return ""
        units = spelled(op.units)
        is_argument = isinstance(units, Ref) and units.binding.scope is not Scope.CLASS
        if not is_argument or units.binding.name != "classes":
            return ""
        return self.at_init(units)

    def rewind(self, mark: tuple) -> None:
        super().rewind(mark)
        self.class_values = {b: v for b, v in self.class_values.items() if self.is_bound(b)}

    def compute(self, name: str, values: dict[int, Any]) -> Py:
        """An attribute of the class, which every variant sets."""
        for binding, known in self.class_values.items():
            if binding.name == self.loop_name(name) and known == values:
                return Ref(binding)
        binding = self.bind(self.free_name(name), Scope.CLASS, values=values)
        self.class_values[binding] = values
        return Ref(binding)

    def folded_arguments(self) -> set[str]:
        """Arguments that a literal of the class stands for: they cannot stay arguments."""
        decided = {*self.state.folded, *(self.late.get(b) for b in self.state.folded)}
        folded = {p.origin for p in self.params if p.binding in decided}
        if self.state.spatial:
            shape = self.definition.body.statements[0].shape
            names = {n.id for n in walk(shape) if isinstance(n, ast.Name)}
            folded |= {p.origin for p in self.params if p.origin in names}
        return folded

    def finish(self) -> None:
        used = self.used("bc")
        self.params = [p for p in self.params if p.binding.index in used]
        self.class_values = {b: v for b, v in self.class_values.items() if b.index in used}
