"""A block or a family of models to one class."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Frame, Instance, Network, Tensor
from cnndsl.syntax import ast
from cnndsl.targets.flax.bodies import Bodies
from cnndsl.targets.flax.builder import TOKEN, Built, Carry, Definition, Line, State, flat, tokens
from cnndsl.targets.flax.elements import InputOverwritten
from cnndsl.targets.flax.flow import Flow, Site
from cnndsl.targets.flax.instances import Emitted, Param, as_pair, is_pair
from cnndsl.targets.flax.names import RESERVED, VARIABLES, safe, snake
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Binding,
    Choice,
    Lit,
    Py,
    Ref,
    Runtime,
    Scope,
    bindings,
    frozen,
    substitute,
)
from cnndsl.targets.flax.spelling import Env, Speller, Sym, Symbol, Unspellable


class ClassLowering(Bodies):
    """What blocks and models have in common."""

    is_model = False
    concrete = False

    def __init__(self, module: Any, definition: ast.Block | ast.Model, name: str):
        super().__init__()
        self.module = module
        self.definition = definition
        self.name = name
        self.speller: Speller = module.speller
        self.is_function = False
        self.heads: list[Line] = []
        self.params: list[Param] = []
        self.receives: list[str] = []  # tensors of the call besides `x`, as variables
        self.result: Flow | None = None

    def begin(self) -> None:
        """Forgets all that an attempt has written."""
        self.state = State()
        self.heads, self.params, self.receives = [], [], []
        self.author_variables: dict[str, None] = {}
        self.in_head = False

    def lower(self) -> None:
        """Writes the class; the flow gets a variable of its own where `in` is used late."""
        try:
            self.attempt_body("x")
        except InputOverwritten:
            self.attempt_body("y")

    # --- names ------------------------------------------------------------------------

    def loop_name(self, name: str) -> str:
        """The author's name, made safe for Python."""
        variables = VARIABLES if self.is_function else frozenset()
        return safe(name, RESERVED | variables | self.module.taken)

    def free_name(self, name: str) -> str:
        name = self.loop_name(name)
        taken = {b.name for b in self.state.bound}
        if name not in taken:
            return name
        number = 2
        while f"{name}{number}" in taken:
            number += 1
        return f"{name}{number}"

    def variable(self, name: str) -> str:
        """A variable of the call for a tensor of the author's."""
        return safe(name, RESERVED | VARIABLES | self.module.taken)

    def free_variable(self, name: str) -> str:
        """A variable of the call that is not in use."""
        number = 2
        while f"{name}{number}" in self.state.variables:
            number += 1
        return f"{name}{number}"

    def settled(self, text: str) -> str:
        """A text whose tokens stand for something of about the right length."""

        def stand_in(match: Any) -> str:
            kind, number = match[1], int(match[2])
            if kind in "bc":
                return self.state.bound[number].name + ("self." if kind == "c" else "")
            if kind == "k":
                return "…"
            attr = self.state.attrs[number]
            return attr.stem if kind == "v" else f"self.{'_'.join(attr.path)}_{attr.stem}"

        return TOKEN.sub(stand_in, text)

    def reads_later(self, name: str) -> bool:
        """Whether some chain or argument of the definition names this tensor."""
        return any(
            (isinstance(node, ast.Apply) and node.name == name)
            or (isinstance(node, ast.Name) and node.id == name)
            for node in walk(self.definition.body)
        )

    # --- values -----------------------------------------------------------------------

    def value_of(self, expr: Py, number: int) -> Any:
        """An expression's value in one instance, None where it is not known."""
        match expr:
            case Lit():
                return expr.value
            case Ref():
                if expr.binding.values is not None:
                    return expr.binding.values.get(number)
                return None
            case Bin():
                left, right = self.value_of(expr.left, number), self.value_of(expr.right, number)
                if not isinstance(left, int) or not isinstance(right, int):
                    return None
                return _APPLY[expr.op](left, right) if expr.op in _APPLY else None
        return None

    def used(self, kinds: str) -> set[int]:
        """The bindings that the printed lines mention; `let`s and channels that nothing reads
        are left out.
        """
        lines = [*flat([*self.state.init, *self.heads, *self.state.call]), self.result.text]
        held = [line for line in lines if isinstance(line, (Definition, Carry))]
        texts: list[str] = [line for line in lines if isinstance(line, str)]
        self.live: set[int] = set()
        built: set[int] = set()
        while True:
            before = len(texts)
            for number in tokens(texts, "k") - built:
                built.add(number)
                call = self.state.built[number]
                texts.extend([*call.args, *call.kwargs.values()])
            mentioned = tokens(texts, "bc")
            for line in list(held):
                if isinstance(line, Definition) and line.binding.index in mentioned:
                    self.live.add(line.binding.index)
                    texts.append(line.text)
                    held.remove(line)
                elif isinstance(line, Carry):
                    for binding, text in zip(line.bound, line.texts, strict=True):
                        if binding.index in mentioned - self.live_carries(line):
                            self.state.carried.setdefault(id(line), set()).add(binding.index)
                            self.live.add(binding.index)
                            texts.append(text)
            if len(texts) == before:
                break
        self.live_texts = texts
        return tokens(texts, kinds)

    def live_carries(self, line: Carry) -> set[int]:
        return self.state.carried.get(id(line), set())

    def live_builds(self) -> list[Built]:
        """The constructor calls that printed lines make; `used` must have run."""
        return [self.state.built[n] for n in sorted(tokens(self.live_texts, "k"))]

    def exported(self, expr: Py | None) -> Py | None:
        """Channels in terms of the constructor's arguments alone, or None."""
        if expr is None:
            return None

        def expand(binding: Binding) -> Py:
            if binding.definition is not None:
                return substitute(binding.definition, expand)
            return Ref(binding)

        expr = substitute(expr, expand)
        known = (Scope.ARGUMENT, Scope.CLASS)
        return expr if all(b.scope in known for b in bindings(expr)) else None


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
            if pair := is_pair(seen):
                seen = [_as_pair(value) for value in seen]
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
            folded,
        )


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
        pair = is_pair(seen)
        if pair:
            seen = [_as_pair(value) for value in seen]
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


_APPLY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b if b else None,
    "%": lambda a, b: a % b if b else None,
}


def _as_pair(value: Any) -> list[int]:
    return value if isinstance(value, list) else [value, value]


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{re.escape(name)}\b", text) is not None
