"""Layers that an author brings: `op NAME(parameters) from "module:Class" { … }`.

What stands in the braces is evaluated for every use, like any expression of the spec. The class is
a name here, which is held to be one, and nothing else.
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterator
from dataclasses import replace

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import signature
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.extents import extents
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Tensor, Value
from cnndsl.ops.base import Shape
from cnndsl.ops.brought import PLAIN, Brought, Claim, Values, parameter
from cnndsl.source import Span
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

CLAIMS = ("shape", "params", "state", "macs")
_ONE = ("shape", "macs")  # claims of one value
_MOST_AXES = 8  # of a tensor of the layer's own
_GIVEN = {
    "self": "Python gives it to every method",
    "in_features": "the class gets the channels that arrive, first of all",
    "rngs": "the class gets it besides",
}
_CLASS = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)", re.ASCII)
_LONGEST = 200  # characters of a class with its module


def kind_of(definition: ast.Op, program: Program) -> type[Brought]:
    """The ops of a definition. Uses of one with mistakes, which are told elsewhere, say nothing."""
    module, _, name = definition.origin.partition(":")
    members = {
        "name": definition.name,
        "parameters": {p.name: parameter(p.default is not None) for p in definition.parameters},
        "written": signature(definition),
        "module": module,
        "cls": name,
        "defaults": _Defaults(definition, program),
        "rule": _Rule(definition, program, sound=next(mistakes(definition), None) is None),
        "__doc__": definition.doc,
    }
    return type(definition.name, (Brought,), members)


def mistakes(definition: ast.Op, other: ast.Op | None = None) -> Iterator[Diagnostic]:
    """What is wrong with a definition in any case, whatever arrives; `other` is what is of the same
    class, with parameters of the same names."""
    if mistake := _no_class(definition.origin_span, definition.origin):
        yield mistake
    elif other is not None:
        message = f"`{definition.origin}` with these parameters is an op already"
        first = Label(other.name_span, f"`{other.name[:40]}`, whose claims may be others")
        help = f"use {other.name[:40]}, or give one of them other parameters"
        yield errors.bad_claim(definition.origin_span, message, help, (first,))
    for each in definition.parameters:
        name, start = each.name, each.span.start
        span = Span(each.span.source, start, start + len(name))
        if name in _GIVEN:
            message = f"no parameter of an op has the name `{name}`: {_GIVEN[name]}"
            yield errors.bad_claim(span, message, "rename it")
        elif keyword.iskeyword(name) or name.startswith("__"):
            message = f"no argument of a class of Python has the name `{name[:40]}`"
            yield errors.bad_claim(span, message, "rename it, here and in the class")
    said: dict[str, ast.Setting] = {}
    for setting in definition.settings:
        name, span = setting.name, setting.name_span
        if name not in CLAIMS:
            message = f"an op says nothing of its `{name[:40]}`"
            help = did_you_mean(name, CLAIMS) or f"it says {', '.join(CLAIMS[:-1])} and macs"
            yield errors.bad_claim(span, message, help)
        elif name in said:
            first = Label(said[name].name_span, "first here")
            yield errors.bad_claim(span, f"`{name}` is said twice", labels=(first,))
        elif name in _ONE and len(setting.values) > 1:
            values_ = f"{len(setting.values)} values"
            yield errors.bad_claim(setting.values[1].span, f"`{name}` is one value, not {values_}")
        said.setdefault(name, setting)
    if said.keys() <= set(CLAIMS) and "shape" not in said:
        message = f"`{definition.name[:40]}` says nothing of the shape of its result"
        yield errors.bad_claim(definition.name_span, message, "shape in.shape, if it keeps it")


def _no_class(span: Span, said: str) -> Diagnostic | None:
    """Why a text is no class of a module, as a generated module can import it."""
    found = _CLASS.fullmatch(said) if len(said) <= _LONGEST else None
    example = 'a class is named by its module: from "mylayers:DeformConv"'
    if found is None:
        return errors.not_a_class(span, f"`{errors.shown(said)}` names no class", example)
    parts = [*found[1].split("."), found[2]]
    for part in parts:
        if keyword.iskeyword(part):
            return errors.not_a_class(span, f"`{part}` is a word of Python's own, no name", example)
        if part.startswith("__"):
            return errors.not_a_class(span, f"`{part}` belongs to Python", example)
    if parts[0] in sys.stdlib_module_names:
        message = f"`{parts[0]}` is of Python's own library, which has no layers"
        return errors.not_a_class(span, message, "a module of yours needs another name")
    return None


class _Defaults:
    """The values of all parameters, where some were given."""

    def __init__(self, definition: ast.Op, program: Program):
        self.definition = definition
        self.program = program

    def __call__(self, given: Values) -> Values:
        """Raises `Failure` at what cannot be evaluated."""
        bound = {name: _listed(value) for name, value in given.items()}
        known = self.program.claiming.parameters(self.definition, bound).known()
        return {p.name: PLAIN.convert(known[p.name]) for p in self.definition.parameters}


class _Rule:
    """What a definition says of its class, evaluated."""

    def __init__(self, definition: ast.Op, program: Program, *, sound: bool):
        self.definition = definition
        self.program = program
        self.sound = sound
        self.said = {setting.name: setting for setting in definition.settings}

    def __call__(self, given: Values, x: Shape) -> Claim:
        """Raises `Failure` at what cannot be evaluated."""
        if not self.sound:
            raise Failure
        scope = Scope()
        scope.values.update({name: _listed(value) for name, value in given.items()})
        scope.tensors["in"] = Tensor(x)
        evaluator = self.program.claiming
        try:
            shape = self.said["shape"].values[0]
            params = self._tensors("params", evaluator, scope)
            state = self._tensors("state", evaluator, scope)
            result = extents(shape, evaluator.evaluate(shape, scope))
            return Claim(result, params, state, self._macs(evaluator, scope))
        except RecursionError:
            span = self.definition.name_span
            raise Failure(errors.over_budget(span, "evaluating this nests too deeply")) from None

    def _tensors(self, name: str, evaluator: Evaluator, scope: Scope) -> tuple[Shape, ...]:
        setting = self.said.get(name)
        if setting is None:
            return ()
        return tuple([_tensor(name, e, evaluator.evaluate(e, scope)) for e in setting.values])

    def _macs(self, evaluator: Evaluator, scope: Scope) -> int:
        setting = self.said.get("macs")
        if setting is None:
            return 0
        (expr,) = setting.values
        value = evaluator.evaluate(expr, scope)
        if not values.is_int(value) or value < 0:
            seen = str(value) if values.is_number(value) else values.kind(value)
            raise Failure(errors.bad_claim(expr.span, f"`macs` is a count, not {seen}"))
        return value


def _tensor(name: str, expr: ast.Expr, value: Value) -> Shape:
    """The shape of a tensor of the layer's own; `[]` is one number."""
    items = value if isinstance(value, list) else [value]
    sizes = tuple([item for item in items if values.is_int(item) and item > 0])
    if len(sizes) == len(items) <= _MOST_AXES:
        return sizes
    seen = f"a list of {len(items)}" if isinstance(value, list) else values.kind(value)
    if len(items) <= _MOST_AXES and all(map(values.is_number, items)):
        seen = f"[{', '.join(map(str, items))}]"
    message = f"`{name}` are shapes of tensors, lists of positive integers; this is {seen}"
    raise Failure(errors.bad_claim(expr.span, message))


def _listed(value: object) -> Value:
    """A value of an argument, whose lists are held as tuples."""
    if isinstance(value, tuple):
        return [_listed(item) for item in value]
    assert value is None or isinstance(value, bool | int | float | str)
    return value


def in_use(failure: Failure, element: ast.Apply, x: str) -> Failure:
    """The same mistake, with the use in which it shows."""
    found = failure.diagnostic
    if found is None:
        return failure
    label = Label(element.span, f"used here on {x}")
    return Failure(replace(found, labels=(*found.labels, label)))
