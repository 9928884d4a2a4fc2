"""Expressions of the tree: the usual ones, and what they are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from cnndsl.targets.python.tree import (
    Attribute,
    Binary,
    Call,
    Comprehension,
    Conditional,
    Constant,
    Dict,
    Expr,
    Facts,
    Formatted,
    Item,
    Keyword,
    ListOf,
    Name,
    Part,
    Slice,
    Star,
    Tuple,
    Unary,
)

NONE = Constant(None)


TRUE = Constant(True)


FALSE = Constant(False)


def constant(value: object) -> Expr:
    """A value of the language: numbers, booleans, strings, None, and tuples or lists of them; an
    expression is itself."""
    if isinstance(value, Part):
        return cast(Expr, value)
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
    kind = type(expr)
    found = _PARTS.get(kind) or _PARTS[kind.__bases__[0]]  # drafts have kinds of their own
    inside: tuple[Expr, ...] = found(expr)
    return inside


# Expressions are walked often: this is faster than asking for each kind in turn.
_PARTS: dict[type, Callable[..., tuple[Expr, ...]]] = {
    Name: lambda expr: (),
    Constant: lambda expr: (),
    Call: lambda expr: (expr.function, *expr.args, *[k.value for k in expr.keywords]),
    Attribute: lambda expr: (expr.base,),
    Binary: lambda expr: (expr.left, expr.right),
    Tuple: lambda expr: expr.items,
    ListOf: lambda expr: expr.items,
    Item: lambda expr: (expr.base, expr.index),
    Slice: lambda expr: tuple(e for e in (expr.start, expr.stop, expr.step) if e is not None),
    Dict: lambda expr: tuple(e for item in expr.items for e in item if e is not None),
    Star: lambda expr: (expr.value,),
    Unary: lambda expr: (expr.operand,),
    Conditional: lambda expr: (expr.then, expr.test, expr.other),
    Comprehension: lambda expr: tuple(
        e for e in (expr.key, expr.element, expr.target, expr.iterable) if e is not None
    ),
    Formatted: lambda expr: tuple(p for p in expr.parts if not isinstance(p, str)),
}


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and everything inside it, without Python's own stack."""
    stack = [expr]
    while stack:
        current = stack.pop()
        yield current
        if inner := parts(current):
            stack.extend(inner[::-1])


def names(expr: Expr) -> frozenset[str]:
    try:
        return expr.facts.names
    except AttributeError:
        return facts(expr).names


def attributes(expr: Expr) -> frozenset[str]:
    """The attributes of `self` that an expression reads."""
    try:
        return expr.facts.attributes
    except AttributeError:
        return facts(expr).attributes


def size(expr: Expr) -> int:
    """How many nodes an expression has."""
    try:
        return expr.facts.size
    except AttributeError:
        return facts(expr).size


def facts(expr: Expr) -> Facts:
    """What is known of an expression, found out once; without Python's own stack."""
    stack = [expr]
    while stack:
        current = stack[-1]
        inner = parts(current)
        missing = [part for part in inner if not hasattr(part, "facts")]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        object.__setattr__(current, "facts", _facts(current, inner))
    return expr.facts


_NONE: frozenset[str] = frozenset()


def _facts(expr: Expr, inner: Sequence[Expr]) -> Facts:
    """The same from the expressions inside one, of which they are known."""
    if isinstance(expr, Name):
        return Facts(frozenset((expr.id,)), _NONE, 1)
    if not inner:
        return Facts(_NONE, _NONE, 1)
    if isinstance(expr, Attribute) and isinstance(expr.base, Name) and expr.base.id == "self":
        return Facts(expr.base.facts.names, frozenset((expr.name,)), 2)
    held = [part.facts for part in inner]
    if len(held) == 1:
        return Facts(held[0].names, held[0].attributes, held[0].size + 1)
    return Facts(
        _NONE.union(*[each.names for each in held]),
        _NONE.union(*[each.attributes for each in held]),
        1 + sum([each.size for each in held]),
    )
