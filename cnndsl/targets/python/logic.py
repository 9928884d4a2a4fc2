"""Tests and choices, with what is known of them worked out."""

from __future__ import annotations

import operator
from collections.abc import Callable

from cnndsl.targets.python.expressions import FALSE, TRUE, call
from cnndsl.targets.python.tree import Binary, Call, Conditional, Constant, Expr, Unary

COMPARE: dict[str, Callable[..., bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "is": operator.is_,
    "is not": operator.is_not,
}
_MIRROR = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {"==": "!=", "is": "is not", "<": ">=", "<=": ">"}
_OPPOSITE |= {other: op for op, other in _OPPOSITE.items()}


def negated(test: Expr) -> Expr:
    """`not test`, as a comparison where it is one."""
    if isinstance(test, Constant) and test.kind == "bool":
        return Constant(not test.value)
    if isinstance(test, Binary) and test.op in _OPPOSITE:
        return Binary(_OPPOSITE[test.op], test.left, test.right)
    if isinstance(test, Unary) and test.op == "not":
        return test.operand
    return Unary("not", test)


def conditional(then: Expr, test: Expr, other: Expr) -> Expr:
    """`then if test else other`, where that is a choice."""
    if isinstance(test, Constant):
        return then if test.value else other
    if then == TRUE and other == FALSE:
        return test
    if then == FALSE and other == TRUE:
        return negated(test)
    return then if then == other else _extreme(then, test, other)


def _extreme(then: Expr, test: Expr, other: Expr) -> Expr:
    """`min(n, 3)` for `3 if n > 3 else n`, `y` for `y if y is not None else None`."""
    match test:
        case Binary(op="is not", left=left, right=right) if (then, other) == (left, right):
            return left
        case Binary(op=">" | ">=" | "<" | "<=" as op, left=left, right=right):
            if (then, other) == (left, right):
                return call("max" if op[0] == ">" else "min", left, right)
            if (then, other) == (right, left):
                return call("min" if op[0] == ">" else "max", left, right)
    return Conditional(then, test, other)


def logic(op: str, left: Expr, right: Expr) -> Expr:
    if isinstance(left, Constant):
        return left if left.value is (op == "or") else right
    if isinstance(right, Constant) and right.kind == "bool":
        return right if right.value is (op == "or") else left
    if op == "and" and _excludes(right, left):
        return right
    return left if left == right else Binary(op, left, right)


def _excludes(test: Expr, other: Expr) -> bool:
    """Whether one test, `kind == 2`, says what another does, `kind != 1`."""
    match test, other:
        case (
            Binary(op="==", left=held, right=Constant(value=one)),
            Binary(op="!=", left=same, right=Constant(value=two)),
        ):
            return held == same and type(one) is type(two) and one != two
    return False


def comparison(op: str, left: Expr, right: Expr) -> Expr:
    if isinstance(left, Constant) and isinstance(right, Constant):
        numbers = {left.kind, right.kind} <= {"int", "float"}
        if left.kind == right.kind or numbers:
            if op in ("==", "!=") or (numbers and op in _MIRROR) or op in ("is", "is not"):
                return Constant(COMPARE[op](left.value, right.value))
            return Binary(op, left, right)
        if op in ("==", "!=", "is", "is not"):
            return Constant(op in ("!=", "is not"))
    if left == right and op in _MIRROR and not isinstance(left, Call):
        return Constant(op in ("==", "<=", ">="))
    if op in _MIRROR and isinstance(left, Constant) and not isinstance(right, Constant):
        return Binary(_MIRROR[op], right, left)
    return Binary(op, left, right)
