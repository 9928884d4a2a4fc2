"""Expressions with parts of them changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_

from cnndsl.targets.python.arithmetic import binary, number_of, share, unary
from cnndsl.targets.python.draft import AsPair, Build, Join, Share, Tally
from cnndsl.targets.python.expressions import names, parts
from cnndsl.targets.python.logic import conditional
from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
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
from cnndsl.targets.python.tuples import as_pair, item, joined, tally, written_out


def rebuild(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The expression with each of its parts changed; arithmetic is folded anew.

    Where no part changes, it is the expression itself.
    """
    match expr:
        case Name() | Constant():
            return expr
        case Tally(function=Name(id=name), args=(held,)):
            inside = change(held)
            return expr if inside is held else tally(name, inside)
        case AsPair(args=(held,)):
            inside = change(held)
            return expr if inside is held else as_pair(inside)
        case Call():
            return _call(expr, change)
        case Attribute():
            base = change(expr.base)
            return expr if base is expr.base else Attribute(base, expr.name)
        case Tuple():
            items = _each(expr.items, change)
            return expr if items is expr.items else joined(items)
        case Binary():
            left, right = change(expr.left), change(expr.right)
            if left is expr.left and right is expr.right:
                return expr
            if isinstance(expr, Share):
                return share(left, right)
            if isinstance(expr, Join):
                return Join(expr.op, left, right)
            return written_out(binary(expr.op, left, right))
    inner = parts(expr)
    changed = list(map(change, inner))
    return expr if all(map(is_, changed, inner)) else _made(expr, changed)


def _each(exprs: tuple[Expr, ...], change: Callable[[Expr], Expr]) -> tuple[Expr, ...]:
    changed = tuple(map(change, exprs))
    return exprs if all(map(is_, changed, exprs)) else changed


def _call(expr: Call, change: Callable[[Expr], Expr]) -> Expr:
    """A call of the same kind, or the number that it gives."""
    function, args = change(expr.function), _each(expr.args, change)
    values = [keyword.value for keyword in expr.keywords]
    changed = list(map(change, values))
    keywords = expr.keywords
    if not all(map(is_, changed, values)):
        named = zip(expr.keywords, changed, strict=True)
        keywords = tuple(Keyword(keyword.name, value) for keyword, value in named)
    if function is expr.function and args is expr.args and keywords is expr.keywords:
        return expr
    if isinstance(expr, Build):
        return Build(function, args, keywords, expr.takes, expr.has_tensors)
    return number_of(Call(function, args, keywords))


def _made(expr: Expr, inner: list[Expr]) -> Expr:
    """An expression of the same kind with other parts."""
    rest = iter(inner)
    match expr:
        case Item():
            return item(*inner)
        case Slice():
            ends = (expr.start, expr.stop, expr.step)
            return Slice(*(None if end is None else next(rest) for end in ends))
        case ListOf():
            return ListOf(tuple(inner))
        case Dict():
            keys = [key for key, _ in expr.items]
            return Dict(tuple((None if k is None else next(rest), next(rest)) for k in keys))
        case Star():
            return Star(*inner)
        case Unary():
            return unary(expr.op, *inner)
        case Conditional():
            return conditional(*inner)
        case Comprehension():
            key = None if expr.key is None else next(rest)
            element, target, iterable = rest
            return Comprehension(expr.kind, element, target, iterable, key)
        case Formatted():
            return Formatted(tuple(p if isinstance(p, str) else next(rest) for p in expr.parts))
    return expr


def substitute(expr: Expr, values: Mapping[str, Expr]) -> Expr:
    """The expression with names replaced, constants folded."""
    # Nothing here holds itself, as a function inside would: what such cycles hold stays until
    # Python looks for them, and this is called very often.
    if isinstance(expr, Name):
        return values.get(expr.id, expr)
    if values.keys().isdisjoint(names(expr)):
        return expr
    return rebuild(expr, lambda part: substitute(part, values))
