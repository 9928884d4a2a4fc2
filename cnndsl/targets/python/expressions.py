"""Expressions of the tree: the usual ones, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator

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

NONE = Constant(None)


TRUE = Constant(True)


FALSE = Constant(False)


def constant(value: object) -> Expr:
    """A value of the language: numbers, booleans, strings, None, and tuples or lists of them."""
    if isinstance(value, (list, tuple)):
        return Tuple(tuple(map(constant, value)))
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return Constant(value)
    if isinstance(value, int):
        return Constant(int(value))
    if isinstance(value, float):
        return Constant(float(value))
    raise TypeError(f"{type(value).__name__} is no value of the language")


def is_constant(expr: Expr) -> bool:
    return isinstance(expr, Constant) or (
        isinstance(expr, Tuple) and all(map(is_constant, expr.items))
    )


def integer(expr: Expr) -> int | None:
    """The value of a literal integer."""
    if isinstance(expr, Constant) and isinstance(expr.value, int) and expr.kind == "int":
        return expr.value
    return None


def self_(name: str) -> Attribute:
    return Attribute(Name("self"), name)


def path(dotted: str) -> Expr:
    """`nnx.Conv` as a tree."""
    first, *rest = dotted.split(".")
    expr: Expr = Name(first)
    for name in rest:
        expr = Attribute(expr, name)
    return expr


def call(function: str | Expr, *args: Expr, **keywords: Expr) -> Call:
    callee = path(function) if isinstance(function, str) else function
    return Call(callee, args, tuple(Keyword(n, v) for n, v in keywords.items()))


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly inside another one."""
    match expr:
        case Attribute():
            return (expr.base,)
        case Item():
            return (expr.base, expr.index)
        case Slice():
            return tuple(e for e in (expr.start, expr.stop, expr.step) if e is not None)
        case Tuple() | ListOf():
            return expr.items
        case Dict():
            return tuple(e for item in expr.items for e in item if e is not None)
        case Star():
            return (expr.value,)
        case Call():
            return (expr.function, *expr.args, *(k.value for k in expr.keywords))
        case Unary():
            return (expr.operand,)
        case Binary():
            return (expr.left, expr.right)
        case Conditional():
            return (expr.then, expr.test, expr.other)
        case Comprehension():
            key = () if expr.key is None else (expr.key,)
            return (*key, expr.element, expr.target, expr.iterable)
        case Formatted():
            return tuple(p for p in expr.parts if not isinstance(p, str))
    return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and everything inside it, without Python's own stack."""
    stack = [expr]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(parts(current)))


def names(expr: Expr) -> set[str]:
    return {e.id for e in walk(expr) if isinstance(e, Name)}


def attributes(expr: Expr) -> set[str]:
    """The attributes of `self` that an expression reads."""
    return {
        e.name
        for e in walk(expr)
        if isinstance(e, Attribute) and isinstance(e.base, Name) and e.base.id == "self"
    }


def size(expr: Expr) -> int:
    """How many nodes an expression has."""
    return sum(1 for _ in walk(expr))
