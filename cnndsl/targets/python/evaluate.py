"""The value of an expression whose names are known; never of what could do anything."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Conditional,
    Constant,
    Expr,
    Item,
    Name,
    Tuple,
    Unary,
)


class Unknown(Exception):
    """Some part of an expression has no known value."""


_NEGATIVE: Callable[..., object] = operator.neg
_BINARY: dict[str, Callable[..., object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
}
_FUNCTIONS: dict[str, Callable[..., object]] = {
    "int": int,
    "max": max,
    "min": min,
    "abs": abs,
    "round": round,
    "len": len,
    "sum": sum,
}
_MATH: dict[str, Callable[..., object]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "sqrt": math.sqrt,
    "log2": math.log2,
}


def evaluate(expr: Expr, values: Mapping[str, object]) -> object:
    """The value of an expression of numbers, lists and tests.

    Args:
      expr: an expression of the constructor.
      values: of names; of attributes of `self` under `self.name`.

    Raises:
      Unknown: where a name, a function or an operation is not known, or fails.
    """
    try:
        return _evaluate(expr, values)
    except (ArithmeticError, TypeError, ValueError, LookupError):
        raise Unknown from None


def _evaluate(expr: Expr, values: Mapping[str, object]) -> object:
    match expr:
        case Constant():
            return expr.value
        case Name(id=name) if name in values:
            return values[name]
        case Attribute(base=Name("self"), name=name) if f"self.{name}" in values:
            return values[f"self.{name}"]
        case Tuple():
            return tuple(_evaluate(i, values) for i in expr.items)
        case Item():
            base, index = _evaluate(expr.base, values), _evaluate(expr.index, values)
            if isinstance(base, tuple) and isinstance(index, int):
                return base[index]
        case Unary(op="not"):
            return not _evaluate(expr.operand, values)
        case Unary(op="-"):
            return _NEGATIVE(_evaluate(expr.operand, values))
        case Conditional():
            chosen = expr.then if _evaluate(expr.test, values) else expr.other
            return _evaluate(chosen, values)
        case Binary(op="and" | "or"):
            left = _evaluate(expr.left, values)
            return left if bool(left) is (expr.op == "or") else _evaluate(expr.right, values)
        case Binary(op=op) if op in _BINARY:
            return _BINARY[op](_evaluate(expr.left, values), _evaluate(expr.right, values))
        case Call(function=Name(id=name), keywords=()) if name in _FUNCTIONS:
            return _FUNCTIONS[name](*(_evaluate(a, values) for a in expr.args))
        case Call(function=Attribute(base=Name("math"), name=name)) if name in _MATH:
            return _MATH[name](*(_evaluate(a, values) for a in expr.args))
    raise Unknown
