"""Expressions to values, within a budget of steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import ClassVar

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.faults import (
    IN_PACKS,
    diagnose,
    is_word,
    no_endpoint,
    not_a_list,
    unpacked,
)
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.scope import Scope, Unknown
from cnndsl.elaborate.starts import initial_of
from cnndsl.elaborate.steps import Steps
from cnndsl.elaborate.unknown_names import unknown_function, unknown_value
from cnndsl.ir import LayerArgument, Pack, Tensor, Value
from cnndsl.ops import initial
from cnndsl.source import Span
from cnndsl.syntax import ast

MAX_DEPTH = 1_000  # of functions that call each other

_PAIRING = ("zip", "enumerate")  # functions that make a list for each item


AsLayer = Callable[["ast.Name | ast.Call", Scope], "LayerArgument | None"]


class Evaluator(Steps):
    """Evaluates expressions in scopes; `fns` are the functions of the spec by name.

    Without a file that the spec uses they are not `complete`.
    """

    def __init__(
        self,
        fns: dict[str, ast.Fn],
        complete: bool = True,
        joins: set[ast.Binary] | None = None,
    ):
        super().__init__()
        self.fns = fns
        self.complete = complete
        self.joins = set() if joins is None else joins  # every `+` that joined lists
        self.depth = 0
        self.as_layer: AsLayer | None = None  # what ops and blocks are as values
        self.calls: dict[str, list[tuple[dict[str, Value | Unknown], Value]]] | None = (
            None  # kept on request
        )

    def evaluate(self, expr: ast.Expr, scope: Scope) -> Value:
        """The value of `expr`.

        Raises:
          Failure: with a diagnostic, or with None where an unknown value is involved.
        """
        self.spend(1, expr.span)
        try:
            return self._VISIT[type(expr)](self, expr, scope)
        except values.Fault as fault:
            raise Failure(diagnose(fault, expr.span)) from None

    def _literal(self, expr: ast.Literal, scope: Scope) -> Value:
        return expr.value

    def _list(self, expr: ast.List, scope: Scope) -> list[Value]:
        return [self._item(item, scope) for item in expr.items]

    def _item(self, expr: ast.Expr, scope: Scope) -> Value:
        """An item of a list, which is neither a layer nor a tensor."""
        value = self.evaluate(expr, scope)
        if isinstance(value, LayerArgument | Tensor | Pack):
            is_layer = isinstance(value, LayerArgument)
            message = f"a list holds values, and this is {values.kind(value)}"
            help = "pass it as an argument of its own" if is_layer else IN_PACKS
            raise Failure(errors.wrong_type(expr.span, message, help))
        return value

    def _name(self, expr: ast.Name, scope: Scope) -> Value:
        self.steps += scope.effort
        found, value = scope.value(expr.id)
        if not found:
            held = scope.result(expr.id)
            if held is None:
                layer = self.as_layer(expr, scope) if self.as_layer else None
                if layer is not None:
                    return layer
                if "." in expr.id:
                    raise Failure(no_endpoint(expr.span, expr.id, scope))
                if scope.is_incomplete():
                    raise Failure
                raise Failure(unknown_value(expr, self.fns, scope.names()))
            if isinstance(held, Pack):
                self.spend_on(held.tensors, expr.span)
            tensors = held.tensors if isinstance(held, Pack) else (held,)
            if any(tensor.known is None for tensor in tensors):
                raise Failure  # a mistake that was reported made it so
            return held
        if isinstance(value, Unknown):
            raise Failure
        return value

    def _attribute(self, expr: ast.Attribute, scope: Scope) -> Value:
        base = expr.base
        if isinstance(base, ast.Name):  # here a tensor comes first: `filters.channels`
            self.steps += scope.effort
            tensor = scope.tensor(base.id)
            if tensor is not None:
                if tensor.known is None or tensor.doubtful:
                    raise Failure
                return values.attribute(tensor, expr.attr)
        held = self.evaluate(base, scope)
        if isinstance(held, Tensor) and (held.known is None or held.doubtful):
            raise Failure
        return values.attribute(held, expr.attr)

    def _index(self, expr: ast.Index, scope: Scope) -> Value:
        base = self.evaluate(expr.base, scope)
        if isinstance(expr.index, ast.Range):
            start = self.evaluate(expr.index.start, scope)
            items = values.part(base, start, self.evaluate(expr.index.stop, scope))
            self.spend_on(items.tensors if isinstance(items, Pack) else items, expr.span)
            return items
        return values.index(base, self.evaluate(expr.index, scope))

    def _unary(self, expr: ast.Unary, scope: Scope) -> Value:
        if expr.op == "not":
            return not self.condition(expr.operand, scope)
        return values.negate(expr.op, self.evaluate(expr.operand, scope))

    def _binary(self, expr: ast.Binary, scope: Scope) -> Value:
        left = self.evaluate(expr.left, scope)
        if expr.op in ("and", "or"):
            return self._logic(expr, left, scope)
        right = self.evaluate(expr.right, scope)
        if expr.op in ("==", "!="):
            return self._equal(left, right, expr.span) is (expr.op == "==")
        try:
            result = values.binary(expr.op, left, right)
            if isinstance(result, list):
                self.spend_on(result, expr.span)
                self.joins.add(expr)
            return result
        except values.Fault as fault:
            span = expr.span
            if fault.code == "E201":  # point at the operand that is no number
                fits = values.is_int if expr.op == "//" else values.is_number
                joins = expr.op == "+" and isinstance(left, list)
                span = expr.right.span if fits(left) or joins else expr.left.span
            raise Failure(diagnose(fault, span)) from None

    def _equal(self, left: Value, right: Value, span: Span) -> bool:
        """Equality, with a step for every item: lists can hold each other many times over."""
        pairs = [(left, right)]
        while pairs:
            a, b = pairs.pop()
            if isinstance(a, str):
                self.spend(len(a) // 1_000, span)
            if isinstance(a, list) and isinstance(b, list):
                self.spend(len(a), span)
                if len(a) != len(b):
                    return False
                pairs.extend(zip(a, b, strict=True))
            elif not values.equal(a, b):
                return False
        return True

    def _logic(self, expr: ast.Binary, left: Value, scope: Scope) -> bool:
        first = self._condition(left, expr.left.span)
        if first is (expr.op == "or"):
            return first
        return self._condition(self.evaluate(expr.right, scope), expr.right.span)

    def _condition(self, value: Value, span: Span) -> bool:
        if isinstance(value, bool):
            return value
        message = f"a condition is a boolean; this is {values.kind(value)}"
        nothing = "0" if values.is_number(value) else "none"
        help = f"compare it: {span.text} != {nothing}" if is_word(span.text) else None
        raise Failure(errors.not_a_condition(span, message, help))

    def condition(self, expr: ast.Expr, scope: Scope) -> bool:
        """The value of a condition; anything but a boolean fails."""
        return self._condition(self.evaluate(expr, scope), expr.span)

    def _conditional(self, expr: ast.Conditional, scope: Scope) -> Value:
        chosen = expr.then if self.condition(expr.condition, scope) else expr.other
        return self.evaluate(chosen, scope)

    def _range(self, expr: ast.Range, scope: Scope) -> list[Value]:
        items = values.span_of(self.evaluate(expr.start, scope), self.evaluate(expr.stop, scope))
        self.spend_on(items, expr.span)
        return items

    def _call(self, expr: ast.Call, scope: Scope) -> Value:
        name = expr.func.id
        if name in self.fns:
            return self.call(self.fns[name], expr.args, scope, expr.span)
        if name in initial.NAMES:
            return initial_of(expr, lambda value: self.evaluate(value, scope))
        function = FUNCTIONS.get(name)
        if function is None:
            layer = self.as_layer(expr, scope) if self.as_layer else None
            if layer is not None:
                return layer
            if not self.complete:
                raise Failure
            raise Failure(unknown_function(expr, chain(FUNCTIONS, self.fns)))
        for argument in expr.args:
            if argument.name is not None:
                message = f"`{name}` takes its arguments by position"
                raise Failure(errors.unknown_argument(argument.span, message, "", None))
        args = [self.evaluate(argument.value, scope) for argument in expr.args]
        for held in args:
            if isinstance(held, list):
                self.spend(len(held) if name in _PAIRING else len(held) // 4, expr.span)
        return function(*args)

    def call(self, fn: ast.Fn, args: tuple[ast.Argument, ...], scope: Scope, span: Span) -> Value:
        self.spend(2 + len(fn.parameters), span)
        given = match_parameters(fn, args, span)
        bound = {name: self.evaluate(argument.value, scope) for name, argument in given.items()}
        if self.depth >= MAX_DEPTH:
            raise Failure(errors.over_budget(span, "functions call each other at most 1,000 deep"))
        self.depth += 1
        try:
            scope = self.parameters(fn, bound)
            inner = Scope(scope) if fn.lets else scope
            for let in fn.lets:
                inner.values[let.name] = self.evaluate(let.value, inner)
            result = self.evaluate(fn.value, inner)
        finally:
            self.depth -= 1
        if self.calls is not None:
            self.calls.setdefault(fn.name, []).append((scope.values, result))
        return result

    def parameters(
        self, definition: ast.Fn | ast.Block | ast.Model | ast.Op, bound: Mapping[str, Value]
    ) -> Scope:
        """A scope of a definition's own, with its parameters; defaults see earlier ones."""
        scope = Scope()
        for parameter in definition.parameters:
            if parameter.name in bound:
                value = bound[parameter.name]
            elif parameter.default is not None:
                value = self.evaluate(parameter.default, scope)
            else:
                raise LookupError(f"`{definition.name}` was not given its `{parameter.name}`")
            if isinstance(value, Tensor | Pack):
                scope.tensors[parameter.name] = value
            else:
                scope.values[parameter.name] = value
        return scope

    def _comprehension(self, expr: ast.Comprehension, scope: Scope) -> list[Value]:
        items = self.evaluate(expr.items, scope)
        if not isinstance(items, list):
            raise Failure(not_a_list(expr.items, items))
        inner, found = Scope(scope), list[Value]()
        for item in items:
            self.spend(1 + len(expr.targets), expr.span)
            held = unpacked(expr.targets, expr.items, item)
            inner.values.update(zip(expr.targets, held, strict=True))
            if expr.condition is None or self.condition(expr.condition, inner):
                found.append(self._item(expr.item, inner))
        return found

    # Each takes the kind of expression that is its key.
    _VISIT: ClassVar[dict[type[ast.Expr], Callable[..., Value]]] = {
        ast.Literal: _literal,
        ast.List: _list,
        ast.Name: _name,
        ast.Attribute: _attribute,
        ast.Index: _index,
        ast.Unary: _unary,
        ast.Binary: _binary,
        ast.Conditional: _conditional,
        ast.Range: _range,
        ast.Call: _call,
        ast.Comprehension: _comprehension,
    }
