"""A block, with all of its instances, to one class or function."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from cnndsl.ir import Frame, Instance, Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import Emitted, Param, as_pair, is_mixed, is_pair, pair_of
from cnndsl.targets.flax.definitions import ClassLowering
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.names import snake
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Binding,
    Lit,
    Py,
    Ref,
    Runtime,
    Scope,
)
from cnndsl.targets.flax.spelling import Env, Sym, Symbol


class BlockLowering(ClassLowering):
    """A block, with all of its instances."""

    def __init__(self, module: Any, block: ast.Block, name: str, instances: list[Instance]):
        super().__init__(module, block, name)
        self.block = block
        self.instances = instances
        self.is_function = not any(map(module.has_modules, instances))

    def attempt_body(self, target: str) -> None:
        self.begin()
        first = self.instances[0]
        cx = list(range(len(self.instances)))
        env = Env()
        inputs = tuple(i.x for i in self.instances)
        features = self.parameter("in_features", "in", "in", [x.shape[-1] for x in inputs])
        for parameter in self.block.parameters:
            self.declare(parameter, env)
        flow = Flow("x", Ref(features), inputs)
        env.tensors["in"] = Symbol("x", Ref(features), first.x)
        self.state.variables = ("x",)
        self.state.commented = None
        frames: list[Frame] = [i.frame for i in self.instances]
        self.result = self.body(frames, flow, Site(cx, env, target, ()))

    def parameter(
        self, name: str, source: str, origin: str, values: list[Any], default: Py | None = None
    ) -> Binding:
        known = dict(enumerate(values))
        binding = self.bind(self.free_name(name), Scope.ARGUMENT, values=known)
        self.params.append(Param(binding, source, origin, default))
        return binding

    def declare(self, parameter: ast.Parameter, env: Env) -> None:
        """One parameter of the block: a value, or a tensor with its channels."""
        name = parameter.name
        seen = [i.args[name] for i in self.instances]
        tensors = [value for value in seen if isinstance(value, Tensor)]
        if not tensors:
            default = parameter.default
            written = Lit(default.value) if isinstance(default, ast.Literal) else None
            if is_mixed(seen):
                env.values[name] = Sym(seen[0], None)
                return
            if pair := is_pair(seen):
                seen = [pair_of(value) for value in seen]
                written = as_pair(written) if written is not None else None
            binding = self.parameter(name, "own", name, seen, written)
            self.params[-1].pair = binding.pair = pair
            env.values[name] = Sym(seen[0], Ref(binding))
            return
        variable = self.variable(name)
        sizes = [None if v is None else v.shape[-1] for v in seen]
        features = self.parameter(f"{name}_features", "features", name, sizes)
        self.receives.append(name)
        is_none = None
        if len(tensors) < len(seen):
            none = Lit(None)
            is_none = (Bin("is", Ref(features), none), Bin("is", Runtime(variable), none))
        first = next((v for v in seen if v is not None), None)
        channels = Ref(features)
        symbol = Symbol(variable, channels, first if seen[0] is not None else None, is_none)
        env.tensors[name] = symbol
        self.state.variables = (*self.state.variables, variable)

    def compute(self, name: str, values: dict[int, Any]) -> Py:
        """One more argument, which the compiler works out for every instance."""
        for param in self.params:
            if param.source == "computed" and param.origin == name and param.computed == values:
                return Ref(param.binding)
        common = max(sorted({repr(v) for v in values.values()}), key=lambda r: r == "False")
        default = next(v for v in values.values() if repr(v) == common)
        known = {n: values.get(n, default) for n in range(len(self.instances))}
        binding = self.bind(self.free_name(name), Scope.ARGUMENT, values=known)
        literal = Lit(default) if isinstance(default, bool) else None
        self.params.append(Param(binding, "computed", name, literal, known))
        return Ref(binding)

    def emitted(self) -> Emitted:
        """What call sites need; arguments that no line uses are left out."""
        used = self.used("bc")
        folded = {p.origin for p in self.params if p.binding in self.state.folded}
        self.params = [p for p in self.params if p.binding.index in used]
        for earlier, later in pairwise(reversed(self.params)):
            if earlier.default is None:  # Python wants defaults last
                later.default = None
        runtime = " ".join(map(str, self.live_texts)) + " " + self.result.text
        self.receives = [n for n in self.receives if _mentions(runtime, self.variable(n))]
        index = {id(instance): i for i, instance in enumerate(self.instances)}
        out = self.exported(self.result.channels)
        return Emitted(
            self.name,
            snake(self.block.name),
            self.is_function,
            self.params,
            self.receives,
            out,
            index,
            self.takes(),
            folded,
        )


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
