"""Expressions of the tree: the usual ones, and what they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
        case Name() | Constant():
            return ()
        case Call():
            return (expr.function, *expr.args, *[k.value for k in expr.keywords])
        case Attribute():
            return (expr.base,)
        case Binary():
            return (expr.left, expr.right)
        case Tuple() | ListOf():
            return expr.items
        case Item():
            return (expr.base, expr.index)
        case Slice():
            return tuple(e for e in (expr.start, expr.stop, expr.step) if e is not None)
        case Dict():
            return tuple(e for item in expr.items for e in item if e is not None)
        case Star():
            return (expr.value,)
        case Unary():
            return (expr.operand,)
        case Conditional():
            return (expr.then, expr.test, expr.other)
        case Comprehension():
            key = () if expr.key is None else (expr.key,)
            return (*key, expr.element, expr.target, expr.iterable)
        case Formatted():
            return tuple(p for p in expr.parts if not isinstance(p, str))


def walk(expr: Expr) -> Iterator[Expr]:
    """An expression and everything inside it, without Python's own stack."""
    stack = [expr]
    while stack:
        current = stack.pop()
        yield current
        if not isinstance(current, Name | Constant):
            stack.extend(reversed(parts(current)))


def names(expr: Expr) -> frozenset[str]:
    return facts(expr).names


def attributes(expr: Expr) -> frozenset[str]:
    """The attributes of `self` that an expression reads."""
    return facts(expr).attributes


def size(expr: Expr) -> int:
    """How many nodes an expression has."""
    return facts(expr).size


def facts(expr: Expr) -> Facts:
    """What is known of an expression, found out once; without Python's own stack."""
    known = getattr(expr, "facts", None)
    if known is not None:
        return known
    stack = [expr]
    while stack:
        current = stack[-1]
        inner = parts(current)
        missing = [part for part in inner if not hasattr(part, "facts")]
        if missing:
            stack.extend(missing)
            continue
        stack.pop()
        object.__setattr__(current, "facts", _facts(current, [part.facts for part in inner]))
    return expr.facts


_NONE: frozenset[str] = frozenset()


def _facts(expr: Expr, inner: Sequence[Facts]) -> Facts:
    match expr:
        case Name(id=name):
            return Facts(frozenset((name,)), _NONE, 1)
        case Constant():
            return Facts(_NONE, _NONE, 1)
        case Attribute(base=Name("self"), name=name):
            return Facts(inner[0].names, frozenset((name,)), 2)
    if len(inner) == 1:
        return inner[0]._replace(size=inner[0].size + 1)
    return Facts(
        _NONE.union(*[held.names for held in inner]),
        _NONE.union(*[held.attributes for held in inner]),
        1 + sum(held.size for held in inner),
    )
