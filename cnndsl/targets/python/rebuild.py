"""Expressions with parts of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cnndsl.targets.python.arithmetic import binary, conditional, item, unary
from cnndsl.targets.python.draft import Join
from cnndsl.targets.python.expressions import (
    names,
)
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Dict,
    Expr,
    Formatted,
    Item,
    Keyword,
    ListOf,
    Name,
    Slice,
    Star,
    Tuple,
    Unary,
)


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with each of its parts changed; arithmetic is folded anew."""
    match expr:
        case Attribute():
            return Attribute(change(expr.base), expr.name)
        case Item():
            return item(change(expr.base), change(expr.index))
        case Slice():
            return Slice(*(None if e is None else change(e) for e in _bounds(expr)))
        case Tuple():
            return Tuple(tuple(map(change, expr.items)))
        case ListOf():
            return ListOf(tuple(map(change, expr.items)))
        case Dict():
            return Dict(tuple((None if k is None else change(k), change(v)) for k, v in expr.items))
        case Star():
            return Star(change(expr.value))
        case Call():
            keywords = tuple(Keyword(k.name, change(k.value)) for k in expr.keywords)
            return _same_kind(expr, change(expr.function), tuple(map(change, expr.args)), keywords)
        case Unary():
            return unary(expr.op, change(expr.operand))
        case Join():
            return Join(expr.op, change(expr.left), change(expr.right))
        case Binary():
            return binary(expr.op, change(expr.left), change(expr.right))
        case Conditional():
            return conditional(change(expr.then), change(expr.test), change(expr.other))
        case Comprehension():
            key = None if expr.key is None else change(expr.key)
            inner = change(expr.element), change(expr.target), change(expr.iterable)
            return Comprehension(expr.kind, *inner, key)
        case Formatted():
            held = (p if isinstance(p, str) else change(p) for p in expr.parts)
            return Formatted(tuple(held))
    return expr


def _bounds(expr: Slice) -> tuple[Expr | None, Expr | None, Expr | None]:
    return expr.start, expr.stop, expr.step


def _same_kind(
    expr: Call, function: Expr, args: tuple[Expr, ...], keywords: tuple[Keyword, ...]
) -> Call:
    from dataclasses import replace

    return replace(expr, function=function, args=args, keywords=keywords)


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """The expression with names replaced, constants folded."""
    if not values or values.keys().isdisjoint(names(expr)):
        return expr

    def change(part: Expr) -> Expr:
        if isinstance(part, Name):
            return values.get(part.id, part)
        return rebuild(part, change)

    return change(expr)
