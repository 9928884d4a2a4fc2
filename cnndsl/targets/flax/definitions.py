"""What writing the class of a block and that of a model have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from cnndsl.elaborate.program import walk
from cnndsl.ir import Layer
from cnndsl.ops.base import Op
from cnndsl.syntax import ast
from cnndsl.targets.flax.arguments import Param
from cnndsl.targets.flax.bodies import Bodies
from cnndsl.targets.flax.draft import TOKEN, Built, Carry, Definition, Line, State, flat, tokens
from cnndsl.targets.flax.elements import InputOverwritten
from cnndsl.targets.flax.emission import KINDS
from cnndsl.targets.flax.flow import Flow
from cnndsl.targets.flax.folding import substitute
from cnndsl.targets.flax.names import RESERVED, VARIABLES, safe
from cnndsl.targets.flax.pyexpr import Bin, Binding, Lit, Py, Ref, Scope, bindings, is_runtime
from cnndsl.targets.flax.spelling import Speller


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
        nodes = list(walk(definition.body))
        self.mentions = {
            *(node.name for node in nodes if isinstance(node, ast.Apply)),
            *(node.id for node in nodes if isinstance(node, ast.Name)),
        }
        self.lets = Counter(node.name for node in nodes if isinstance(node, ast.Let))

    def begin(self) -> None:
        """Forgets all that an attempt has written."""
        self.state = State()
        self.heads, self.params, self.receives = [], [], []
        self.author_names = set(_value_names(self.definition))
        self.in_head = False

    def lower(self) -> None:
        """Writes the class; the flow gets a variable of its own where `in` is used late."""
        try:
            self.attempt_body("x")
        except InputOverwritten:
            self.attempt_body("y")

    def rewind(self, mark: tuple) -> None:
        super().rewind(mark)
        self.params = [p for p in self.params if self.is_bound(p.binding)]

    def is_bound(self, binding: Binding) -> bool:
        bound = self.state.bound
        return binding.index < len(bound) and bound[binding.index] is binding

    # --- names ------------------------------------------------------------------------

    def loop_name(self, name: str) -> str:
        """The author's name, made safe for Python."""
        variables = VARIABLES if self.is_function else frozenset()
        return safe(name, RESERVED | variables | self.module.taken)

    def free_name(self, name: str, besides: Iterable[str] = ()) -> str:
        name = self.loop_name(name)
        taken = {*besides, *(b.name for b in self.state.bound)}
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
        return name in self.mentions

    def is_rebound(self, name: str) -> bool:
        """Whether several `let`s of the definition have this name."""
        return self.lets[name] > 1

    def optional_head(self, op: Op, recs: list[Layer]) -> str:
        """The condition on which a layer is built, if it is a model's classifier."""
        return ""

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

    def takes(self) -> tuple[str, ...]:
        """What the constructor hands on to the modules that it builds."""
        builds = self.live_builds()
        return tuple(kind for kind in KINDS if any(kind in b.takes for b in builds))

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
        if is_runtime(expr):
            return None
        known = (Scope.ARGUMENT, Scope.CLASS)
        return expr if all(b.scope in known for b in bindings(expr)) else None


_APPLY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b if b else None,
    "%": lambda a, b: a % b if b else None,
}


def _value_names(definition: ast.Block | ast.Model) -> Iterator[str]:
    """The names that the author gives to values of the constructor."""
    yield from (p.name for p in definition.parameters)
    for node in walk(definition.body):
        if isinstance(node, ast.Let):
            yield node.name
        elif isinstance(node, ast.For):
            yield from node.targets
