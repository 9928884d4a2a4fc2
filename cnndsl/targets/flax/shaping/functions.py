"""The types of compile-time functions: of their parameters by the values that all calls give
them, of their results by what they return."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.definitions import definitions
from cnndsl.targets.flax.shaping.growing import Type, finished
from cnndsl.targets.flax.shaping.inference import Definitions
from cnndsl.targets.flax.shaping.reading import Reading
from cnndsl.targets.flax.shaping.types import ARRAY, FLOAT, members, readable, union
from cnndsl.targets.python.expressions import NONE, walk
from cnndsl.targets.python.module_tree import Class, Function, Module
from cnndsl.targets.python.statements import expressions
from cnndsl.targets.python.tree import (
    Assign,
    Call,
    Comprehension,
    Conditional,
    Expr,
    Name,
    Return,
    Statement,
)

_ROUNDS = 8  # through which a type goes from function to function


def with_functions(module: Module) -> Module:
    """The module with the types of its functions of numbers, which are any `float` before."""
    functions = {
        node.name: _untyped(node)
        for node in module.body
        if isinstance(node, Function) and not _is_of_tensors(node)
    }
    if not functions:
        return module
    for _ in range(_ROUNDS):
        module = _with(module, functions)
        found = _typed(module, functions)
        if found == functions:
            break
        functions = found
    return _with(module, {name: _settled(node) for name, node in functions.items()})


def _is_of_tensors(node: Function) -> bool:
    """Whether a function is a block, or what computes with tensors as ops do."""
    said = (node.returns, *(p.annotation for p in node.parameters))
    return any(ARRAY in walk(kind) for kind in said if kind is not None)


def _with(module: Module, functions: Mapping[str, Function]) -> Module:
    body = [functions.get(n.name, n) if isinstance(n, Function) else n for n in module.body]
    return replace(module, body=tuple(body))


def _untyped(node: Function) -> Function:
    parameters = tuple(replace(p, annotation=None) for p in node.parameters)
    return replace(node, parameters=parameters, returns=None)


def _settled(node: Function) -> Function:
    """Any number where nothing is known."""
    parameters = tuple(
        replace(p, annotation=_or_number(p.annotation, p.default)) for p in node.parameters
    )
    return replace(node, parameters=parameters, returns=_or_number(node.returns))


def _or_number(kind: Expr | None, default: Expr | None = None) -> Expr:
    if kind is None or kind == NONE:
        kind = FLOAT
    return union([kind, NONE]) if default == NONE else readable(kind)


def _typed(module: Module, functions: Mapping[str, Function]) -> dict[str, Function]:
    """The functions with the types that follow from those that are known already."""
    calls = _Calls(definitions(module), functions)
    for node in module.body:
        match node:
            case Function():
                calls.read_function(node, {})
            case Class():
                held = calls.module.attributes.get(node.name, {})
                attributes: dict[str, Type] = {f"self.{n}": kind for n, kind in held.items()}
                for method in node.methods:
                    attributes = calls.read_function(method, attributes)
    return {
        name: replace(
            node,
            parameters=tuple(
                replace(p, annotation=_one(calls.given.get((name, p.name), [])))
                for p in node.parameters
            ),
            returns=_one(calls.returned.get(name, [])),
        )
        for name, node in functions.items()
    }


def _one(kinds: Sequence[Type]) -> Expr | None:
    known = [kind for each in kinds if (kind := finished(each)) is not None]
    return union(known) if known else None


class _Calls:
    """What functions are called with, None left out, and what they return."""

    def __init__(self, module: Definitions, functions: Mapping[str, Function]):
        self.module = module
        self.functions = functions
        self.given: dict[tuple[str, str], list[Type]] = {}  # by function and parameter
        self.returned: dict[str, list[Type]] = {}

    def read_function(self, node: Function, attributes: Mapping[str, Type]) -> dict[str, Type]:
        """Reads a function, and gives the attributes of `self` behind it."""
        return _Reading(self, node, attributes).attributes()


class _Reading(Reading):
    """A function that is read for its calls."""

    def __init__(self, calls: _Calls, node: Function, attributes: Mapping[str, Type]):
        self.calls = calls
        self.name = node.name
        super().__init__(calls.module, node, attributes)

    def begin(self, statement: Statement) -> None:
        for expr in expressions(statement):
            for part in walk(expr):
                match part:
                    case Comprehension():
                        self.variables.walk(part.target, part.iterable)
                    case Call(function=Name(id=name)) if name in self.calls.functions:
                        self._note(self.calls.functions[name], part)
        match statement:
            case Return(value=value):
                found = self.calls.returned.setdefault(self.name, [])
                found.append(self.variables.infer(value))
            case Assign(targets=(Name(id=name),), value=Conditional(then=then, other=Name(id=own))):
                if name == own:  # a default that follows from the arguments before it
                    self._hand(self.name, name, then)

    def _note(self, function: Function, call: Call) -> None:
        given = dict(zip((p.name for p in function.parameters), call.args, strict=False))
        given.update((k.name, k.value) for k in call.keywords if k.name is not None)
        for parameter in function.parameters:
            for value in (given.get(parameter.name), parameter.default):
                if value is not None:
                    self._hand(function.name, parameter.name, value)

    def _hand(self, function: str, parameter: str, value: Expr) -> None:
        found = self.calls.given.setdefault((function, parameter), [])
        found.extend(_given(self.variables.infer(value)))


def _given(kind: Type) -> list[Expr]:
    """The types that are not None."""
    held = finished(kind)
    return [] if held is None else [member for member in members(held) if member != NONE]
