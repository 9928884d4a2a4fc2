"""Expressions on one line, with the parentheses that precedence needs and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeGuard

from cnndsl.targets.python import spelling
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

# How tightly expressions bind; an operand that binds less than its place asks for is wrapped.
ANY, OR, AND, NOT, COMPARISON, UNION, SUM, PRODUCT, SIGN, POWER, ATOM = range(11)

LEVEL = {
    "or": OR,
    "and": AND,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "is", "is not", "in", "not in"), COMPARISON),
    "|": UNION,
    **dict.fromkeys("+-", SUM),
    **dict.fromkeys(("*", "/", "//", "%"), PRODUCT),
    "**": POWER,
}

# What the operands of an operator must bind at least: Python's own grammar.
LEFT = {op: COMPARISON + 1 if own == COMPARISON else own for op, own in LEVEL.items()}
RIGHT = {op: own + 1 for op, own in LEVEL.items()}
LEFT["**"], RIGHT["**"] = ATOM, SIGN


def level(expr: Expr) -> int:
    match expr:
        case Binary():
            return LEVEL[expr.op]
        case Unary():
            return NOT if expr.op == "not" else SIGN
        case Conditional() | Star() | Slice():
            return ANY
        case Constant(value=int() | float() as value) if value < 0:
            return SIGN
    return ATOM


def wraps_base(expr: Attribute | Item | Call) -> bool:
    """Whether what is read, called or indexed stands in parentheses: `(a + b).shape`."""
    inner = base(expr)
    if isinstance(expr, Attribute) and isinstance(inner, Constant):
        return inner.kind in ("int", "float")
    return level(inner) < ATOM


def base(expr: Attribute | Item | Call) -> Expr:
    return expr.function if isinstance(expr, Call) else expr.base


def wraps_operand(expr: Unary) -> bool:
    """`-(x**2)`: ruff leaves no power behind a sign without parentheses."""
    inner = expr.operand
    least = NOT if expr.op == "not" else SIGN
    return level(inner) < least or (isinstance(inner, Binary) and inner.op == "**")


def is_tight(left: Expr, right: Expr) -> bool:
    """`2**i`: the operands next to a power are names or numbers, so no spaces stand around it."""
    return level(left) == ATOM and level(right) >= SIGN and _is_simple(left) and _is_simple(right)


def _is_simple(expr: Expr) -> bool:
    while isinstance(expr, Attribute) or (isinstance(expr, Unary) and expr.op != "not"):
        expr = expr.base if isinstance(expr, Attribute) else expr.operand
    is_number = isinstance(expr, Constant) and expr.kind not in ("str", "ellipsis")
    return is_number or isinstance(expr, Name)


def first_operand(expr: Expr) -> Expr:
    """The `b` of `a ** b ** c`, behind the first operator."""
    while isinstance(expr, Binary) and expr.op == "**" and level(expr.left) == ATOM:
        expr = expr.left
    return expr


# --- text -----------------------------------------------------------------------------


def inline(expr: Expr, outer: str = "") -> str:
    """The expression on one line; `outer` are the quotes of the f-strings around it."""
    return _INLINE[type(expr)](expr, outer)


def _wrapped(expr: Expr, least: int, outer: str) -> str:
    text = inline(expr, outer)
    return text if level(expr) >= least else f"({text})"


def _name(expr: Name, outer: str) -> str:
    return expr.id


def _constant(expr: Constant, outer: str) -> str:
    if isinstance(expr.value, str):
        return spelling.string(expr.value, outer)
    return spelling.constant(expr)


def _base(expr: Attribute | Item | Call, outer: str) -> str:
    text = inline(base(expr), outer)
    return f"({text})" if wraps_base(expr) else text


def _attribute(expr: Attribute, outer: str) -> str:
    return f"{_base(expr, outer)}.{expr.name}"


def _item(expr: Item, outer: str) -> str:
    index = expr.index
    inside = bare(index, outer) if is_bare_index(index) else inline(index, outer)
    return f"{_base(expr, outer)}[{inside}]"


def is_bare_index(index: Expr) -> TypeGuard[Tuple]:
    """`x[:, 0]`: several indices stand without parentheses, except around `*`."""
    if not isinstance(index, Tuple) or not index.items:
        return False
    if any(isinstance(item, Slice) for item in index.items):
        return True
    return len(index.items) > 1 and not any(isinstance(item, Star) for item in index.items)


def bare(expr: Tuple, outer: str = "") -> str:
    """The items of a tuple without its parentheses."""
    text = ", ".join([inline(item, outer) for item in expr.items])
    return f"{text}," if len(expr.items) == 1 else text


def _slice(expr: Slice, outer: str) -> str:
    start, stop, step = (
        "" if part is None else inline(part, outer) for part in (expr.start, expr.stop, expr.step)
    )
    before, after, second = slice_colons(expr)
    return f"{start}{before}{stop}{after}{second}{step}"


def slice_colons(expr: Slice) -> tuple[str, str, str]:
    """The first colon, and the second in two parts, with ruff's spaces: `x[1 : n - 1]`."""
    parts = (expr.start, expr.stop, expr.step)
    space = "" if all(part is None or _is_plain(part) for part in parts) else " "
    first = f"{space if expr.start else ''}:{space if expr.stop else ''}"
    if expr.step is None:
        return first, "", ""
    return first, space if expr.stop else "", f":{space}"


def _is_plain(expr: Expr) -> bool:
    while isinstance(expr, Unary) and expr.op != "not":
        expr = expr.operand
    return isinstance(expr, Name | Constant)


def _tuple(expr: Tuple, outer: str) -> str:
    return f"({bare(expr, outer)})" if expr.items else "()"


def _list(expr: ListOf, outer: str) -> str:
    return f"[{', '.join([inline(item, outer) for item in expr.items])}]"


def _dict(expr: Dict, outer: str) -> str:
    items = [
        f"**{_wrapped(value, UNION, outer)}"
        if key is None
        else f"{inline(key, outer)}: {inline(value, outer)}"
        for key, value in expr.items
    ]
    return f"{{{', '.join(items)}}}"


def _star(expr: Star, outer: str) -> str:
    return f"*{_wrapped(expr.value, UNION, outer)}"


def _call(expr: Call, outer: str) -> str:
    function = _base(expr, outer)
    if is_lone_generator(expr):
        return f"{function}{inline(expr.args[0], outer)}"
    args = [inline(arg, outer) for arg in expr.args]
    args += [keyword(word, inline(word.value, outer)) for word in expr.keywords]
    return f"{function}({', '.join(args)})"


def is_lone_generator(expr: Call) -> bool:
    """`sum(f(x) for x in xs)`: the call's parentheses are the generator's."""
    match expr:
        case Call(args=(Comprehension(kind="generator"),), keywords=()):
            return True
    return False


def keyword(word: Keyword, value: str) -> str:
    if word.name is not None:
        return f"{word.name}={value}"
    return f"**{value}" if level(word.value) >= UNION else f"**({value})"


def _unary(expr: Unary, outer: str) -> str:
    text = inline(expr.operand, outer)
    text = f"({text})" if wraps_operand(expr) else text
    return f"not {text}" if expr.op == "not" else f"{expr.op}{text}"


def _binary(expr: Binary, outer: str) -> str:
    rights: list[str] = []
    left: Expr = expr
    while isinstance(left, Binary):  # a long sum nests to the left
        op, right = left.op, left.right
        space = "" if op == "**" and is_tight(left.left, first_operand(right)) else " "
        rights.append(f"{space}{op}{space}{_wrapped(right, RIGHT[op], outer)}")
        if level(left.left) < LEFT[op]:
            rights.append(f"({inline(left.left, outer)})")
            return "".join(reversed(rights))
        left = left.left
    rights.append(inline(left, outer))
    return "".join(reversed(rights))


def _conditional(expr: Conditional, outer: str) -> str:
    then, test = _wrapped(expr.then, OR, outer), _wrapped(expr.test, OR, outer)
    return f"{then} if {test} else {inline(expr.other, outer)}"


def _comprehension(expr: Comprehension, outer: str) -> str:
    key = "" if expr.key is None else f"{inline(expr.key, outer)}: "
    clause = f"for {target(expr.target, outer)} in {_wrapped(expr.iterable, OR, outer)}"
    left, right = BRACKETS[expr.kind]
    return f"{left}{key}{inline(expr.element, outer)} {clause}{right}"


BRACKETS = {"generator": ("(", ")"), "list": ("[", "]"), "dict": ("{", "}")}


def target(expr: Expr, outer: str = "") -> str:
    """What a loop or an assignment binds: `i, (a, b)`."""
    return bare(expr, outer) if is_bare_target(expr) else inline(expr, outer)


def is_bare_target(expr: Expr) -> TypeGuard[Tuple]:
    return isinstance(expr, Tuple) and len(expr.items) > 1


def _formatted(expr: Formatted, outer: str) -> str:
    words = "".join([part for part in expr.parts if isinstance(part, str)])
    quote = spelling.quotes(words, outer)
    texts = [
        spelling.escaped(part, quote).replace("{", "{{").replace("}", "}}")
        if isinstance(part, str)
        else _field(inline(part, outer + quote))
        for part in expr.parts
    ]
    return f"f{quote}{''.join(texts)}{quote}"


def _field(text: str) -> str:
    return f"{{ {text} }}" if text.startswith("{") else f"{{{text}}}"


_INLINE: dict[type, Callable[..., str]] = {
    Name: _name,
    Constant: _constant,
    Attribute: _attribute,
    Item: _item,
    Slice: _slice,
    Tuple: _tuple,
    ListOf: _list,
    Dict: _dict,
    Star: _star,
    Call: _call,
    Unary: _unary,
    Binary: _binary,
    Conditional: _conditional,
    Comprehension: _comprehension,
    Formatted: _formatted,
}
