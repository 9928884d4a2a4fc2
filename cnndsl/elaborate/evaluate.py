"""Expressions to values, within a budget of steps."""

from __future__ import annotations

from typing import Any

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.scope import UNKNOWN, Scope
from cnndsl.source import Span
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

MAX_STEPS = 10_000_000

_BY_CODE = {
    "E106": lambda span, message, help: errors.unknown_argument(span, message, "", help),
    "E118": errors.bad_attribute,
    "E201": errors.wrong_type,
    "E202": errors.not_a_number,
    "E203": errors.no_such_item,
    "E206": errors.too_large,
    "E209": errors.not_a_condition,
}


def diagnose(fault: values.Fault, span: Span) -> Diagnostic:
    return _BY_CODE[fault.code](span, fault.message, fault.help)


class Evaluator:
    """Evaluates expressions in scopes; `fns` are the functions of the spec by name."""

    def __init__(self, fns: dict[str, ast.Fn]):
        self.fns = fns
        self.steps = 0

    def evaluate(self, expr: ast.Expr, scope: Scope) -> Any:
        """The value of `expr`.

        Raises:
          Failure: with a diagnostic, or with None where an unknown value is involved.
        """
        self.spend(1, expr.span)
        try:
            return self._VISIT[type(expr)](self, expr, scope)
        except values.Fault as fault:
            raise Failure(diagnose(fault, expr.span)) from None

    def spend(self, steps: int, span: Span) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise Failure(errors.over_budget(span, "this takes more than 10 million steps"))

    def _literal(self, expr: ast.Literal, scope: Scope) -> Any:
        return expr.value

    def _list(self, expr: ast.List, scope: Scope) -> list[Any]:
        return [self.evaluate(item, scope) for item in expr.items]

    def _name(self, expr: ast.Name, scope: Scope) -> Any:
        found, value = scope.value(expr.id)
        if not found:
            value = scope.tensor(expr.id)
            if value is None:
                raise Failure(self._unknown(expr, scope))
            if value.shape is None:
                raise Failure
        if value is UNKNOWN:
            raise Failure
        return value

    def _unknown(self, expr: ast.Name, scope: Scope) -> Diagnostic | None:
        if scope.is_incomplete():
            return None
        if expr.id in self.fns or expr.id in values.FUNCTIONS:
            help = f"call it: {expr.id}(…)"
        else:
            help = did_you_mean(expr.id, scope.names())
        return errors.unknown_name(expr.span, expr.id, help)

    def _attribute(self, expr: ast.Attribute, scope: Scope) -> Any:
        base = expr.base
        if isinstance(base, ast.Name):  # here a tensor comes first: `filters.channels`
            tensor = scope.tensor(base.id)
            if tensor is not None:
                if tensor.shape is None:
                    raise Failure
                return values.attribute(tensor, expr.attr)
        return values.attribute(self.evaluate(base, scope), expr.attr)

    def _index(self, expr: ast.Index, scope: Scope) -> Any:
        base = self.evaluate(expr.base, scope)
        return values.index(base, self.evaluate(expr.index, scope))

    def _unary(self, expr: ast.Unary, scope: Scope) -> Any:
        return values.negate(expr.op, self.evaluate(expr.operand, scope))

    def _binary(self, expr: ast.Binary, scope: Scope) -> Any:
        left = self.evaluate(expr.left, scope)
        if expr.op in ("and", "or"):
            return self._logic(expr, left, scope)
        right = self.evaluate(expr.right, scope)
        try:
            return values.binary(expr.op, left, right)
        except values.Fault as fault:
            span = expr.span
            if fault.code == "E201":  # point at the operand that is no number
                span = expr.right.span if values.is_number(left) else expr.left.span
            raise Failure(diagnose(fault, span)) from None

    def _logic(self, expr: ast.Binary, left: Any, scope: Scope) -> bool:
        if not isinstance(left, bool):
            self._condition(left, expr.left.span)
        if left is (expr.op == "or"):
            return left
        return self._condition(self.evaluate(expr.right, scope), expr.right.span)

    def _condition(self, value: Any, span: Span) -> bool:
        try:
            return values.truth(value)
        except values.Fault as fault:
            raise Failure(diagnose(fault, span)) from None

    def condition(self, expr: ast.Expr, scope: Scope) -> bool:
        """The value of a condition; anything but a boolean fails."""
        return self._condition(self.evaluate(expr, scope), expr.span)

    def _conditional(self, expr: ast.Conditional, scope: Scope) -> Any:
        chosen = expr.then if self.condition(expr.condition, scope) else expr.other
        return self.evaluate(chosen, scope)

    def _range(self, expr: ast.Range, scope: Scope) -> list[int]:
        items = values.span_of(self.evaluate(expr.start, scope), self.evaluate(expr.stop, scope))
        self.spend(len(items), expr.span)
        return items

    def _call(self, expr: ast.Call, scope: Scope) -> Any:
        name = expr.func.id
        if name in self.fns:
            return self.call(self.fns[name], expr.args, scope, expr.span)
        function = values.FUNCTIONS.get(name)
        if function is None:
            help = did_you_mean(name, {*self.fns, *values.FUNCTIONS})
            raise Failure(errors.unknown_name(expr.func.span, name, help))
        for argument in expr.args:
            if argument.name is not None:
                message = f"`{name}` takes its arguments by position"
                raise Failure(errors.unknown_argument(argument.span, message, "", None))
        args = [self.evaluate(argument.value, scope) for argument in expr.args]
        if args and isinstance(args[0], list):
            self.spend(len(args[0]), expr.span)
        return function(*args)

    def call(
        self, fn: ast.Fn, args: tuple[ast.Argument, ...], scope: Scope, span: Span
    ) -> Any:
        given = match_parameters(fn, args, span)
        bound = {name: self.evaluate(argument.value, scope) for name, argument in given.items()}
        return self.evaluate(fn.value, self.parameters(fn, bound))

    def parameters(self, definition: ast.Fn | ast.Block | ast.Model, bound: dict) -> Scope:
        """A scope of a definition's own, with its parameters; defaults see earlier ones."""
        scope = Scope()
        for parameter in definition.parameters:
            if parameter.name in bound:
                value = bound[parameter.name]
            else:
                value = self.evaluate(parameter.default, scope)
            if isinstance(value, values.Tensor):
                scope.tensors[parameter.name] = value
            else:
                scope.values[parameter.name] = value
        return scope

    _VISIT = {
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
    }
