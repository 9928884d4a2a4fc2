"""Expressions put together: constants folded, like terms of a sum collected."""

from __future__ import annotations

import operator
from collections.abc import Callable

from cnndsl.targets.flax.pyexpr import (
    Bin,
    Binding,
    CallOf,
    Choice,
    Item,
    Lit,
    Py,
    Ref,
    Tup,
    Un,
    is_int,
)

_MIRROR = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_COMPARE = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FOLD = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
}


def substitute(expr: Py, change: Callable[[Binding], Py]) -> Py:
    """The expression with every binding replaced, constants folded."""
    match expr:
        case Ref():
            return change(expr.binding)
        case Bin():
            left, right = substitute(expr.left, change), substitute(expr.right, change)
            return combine(expr.op, left, right)
        case Un():
            operand = substitute(expr.operand, change)
            if expr.op == "not" and isinstance(operand, Lit):
                return Lit(not operand.value)
            return negated(operand) if expr.op == "not" else Un(expr.op, operand)
        case CallOf():
            args = tuple(substitute(arg, change) for arg in expr.args)
            return CallOf(expr.function, args, expr.names)
        case Item():
            base, index = substitute(expr.base, change), substitute(expr.index, change)
            return item(base, index)
        case Choice():
            then, condition, other = (
                substitute(p, change) for p in (expr.then, expr.condition, expr.other)
            )
            return choose(then, condition, other)
        case Tup():
            return Tup(tuple(substitute(item, change) for item in expr.items))
    return expr


def item(base: Py, index: Py) -> Py:
    if isinstance(index, Lit) and isinstance(base, (Tup, Lit)):
        inner = base.items[index.value] if isinstance(base, Tup) else base.value[index.value]
        return inner if isinstance(base, Tup) else Lit(inner)
    return Item(base, index)


def choose(then: Py, condition: Py, other: Py) -> Py:
    """`then if condition else other`, where that is a choice."""
    if isinstance(condition, Lit):
        return then if condition.value else other
    if isinstance(then, Lit) and isinstance(other, Lit):
        if then.value is True and other.value is False:
            return condition
        if then.value is False and other.value is True:
            return negated(condition)
    return then if repr(then) == repr(other) else Choice(then, condition, other)


_OPPOSITES = {"==": "!=", "is": "is not", "<": ">=", "<=": ">"}
_OPPOSITES |= {opposite: op for op, opposite in _OPPOSITES.items()}


def negated(condition: Py) -> Py:
    """`not condition`, as a comparison where it is one."""
    if isinstance(condition, Bin) and condition.op in _OPPOSITES:
        return Bin(_OPPOSITES[condition.op], condition.left, condition.right)
    if isinstance(condition, Un) and condition.op == "not":
        return condition.operand
    return Un("not", condition)


def combine(op: str, left: Py, right: Py) -> Py:
    """`left op right`; integers without names are computed."""
    if op in ("and", "or") and isinstance(left, Lit):
        return left if left.value is (op == "or") else right
    if op in ("and", "or") and isinstance(right, Lit) and isinstance(right.value, bool):
        return right if right.value is (op == "or") else left
    if op in _COMPARE and left == right and not isinstance(left, Lit):
        return Lit(op in ("==", "<=", ">="))
    if op in _MIRROR and isinstance(left, Lit) and not isinstance(right, Lit):
        return Bin(_MIRROR[op], right, left)
    if isinstance(left, Lit) and isinstance(right, Lit):
        a, b = left.value, right.value
        if op in _COMPARE:
            return Lit(_COMPARE[op](a, b))
        whole = is_int(a) and is_int(b)
        if whole and op in _FOLD and not (op in ("//", "%") and b == 0):
            return Lit(_FOLD[op](a, b))
    if op == "-" and isinstance(right, Lit) and isinstance(left, Bin) and left.op == "-":
        return Bin("-", left.left, combine("+", left.right, right))  # n - 1 - 1
    return Bin(op, left, right)


def total(left: Py, right: Py) -> Py:
    """A sum of channels with like terms together: four equal branches are `4 * filters`."""
    terms: list[tuple[int, Py]] = []
    for count, term in [*_terms(left), *_terms(right)]:
        for position, (held, known) in enumerate(terms):
            if known == term:
                terms[position] = held + count, term
                break
        else:
            terms.append((count, term))
    products = [
        Lit(n) if term == Lit(1) else term if n == 1 else combine("*", Lit(n), term)
        for n, term in terms
    ]
    result = products[0]
    for product in products[1:]:
        result = combine("+", result, product)
    return result


def _terms(expr: Py) -> list[tuple[int, Py]]:
    if isinstance(expr, Bin) and expr.op == "+":
        return [*_terms(expr.left), *_terms(expr.right)]
    if isinstance(expr, Lit):
        return [(expr.value, Lit(1))]
    if isinstance(expr, Bin) and expr.op == "*" and isinstance(expr.left, Lit):
        return [(expr.left.value, expr.right)]
    return [(1, expr)]
