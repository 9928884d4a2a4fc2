"""Operations on expressions, with what is known of them worked out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable

from cnndsl.targets.python.draft import Tally
from cnndsl.targets.python.expressions import (
    FALSE,
    TRUE,
    call,
    integer,
)
from cnndsl.targets.python.tree import (
    Binary,
    Call,
    Conditional,
    Constant,
    Expr,
    Item,
    Name,
    Slice,
    Star,
    Tuple,
    Unary,
)

_COMPARE: dict[str, Callable[..., bool]] = {
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


_FOLD: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}


def item(base: Expr, index: Expr) -> Expr:
    """`base[index]`, or the item where it is known."""
    if isinstance(base, Tuple) and isinstance(index, Slice):
        return _part(base, index)
    match base:
        case Binary(op="*", left=Tuple(items=(each,))) if not isinstance(each, Star):
            return each  # of many that are alike
        case Tuple(items=(first, *others)) if others and not isinstance(first, Star):
            if all(other == first for other in others):
                return first
    at = integer(index)
    if not isinstance(base, Tuple) or at is None or not -len(base.items) <= at < len(base.items):
        return Item(base, index)
    passed = base.items[at:] if at < 0 else base.items[: at + 1]
    grows = any(isinstance(held, Star) for held in passed)
    return Item(base, index) if grows else base.items[at]


def _part(base: Tuple, ends: Slice) -> Expr:
    """`base[start:stop]`, or the items where they are known."""
    known = [None if end is None else integer(end) for end in (ends.start, ends.stop)]
    is_said = [end is not None for end in (ends.start, ends.stop)]
    has_words = is_said != [at is not None for at in known]
    if has_words or ends.step or any(isinstance(held, Star) for held in base.items):
        return Item(base, ends)
    return Tuple(base.items[known[0] : known[1]])


_WRITTEN_OUT = 4  # items of a tuple that repeats others


def joined(items: Iterable[Expr]) -> Tuple:
    """A tuple of items, some of which may stand for all those of another tuple."""
    found: list[Expr] = []
    for held in items:
        inside = held.value if isinstance(held, Star) else None
        match inside:
            case Tuple():
                found += inside.items
            case Binary(op="*", left=Tuple(items=several), right=Constant(value=int(count))) if (
                len(several) * count <= _WRITTEN_OUT
            ):
                found += several * count
            case _:
                found.append(held)
    return Tuple(tuple(found))


def tally(name: str, held: Expr) -> Expr:
    """`sum` or `len` of a tuple; of one whose items are known, what they give."""
    match held:
        case Tuple(items=(Star(value=whole),)):
            return tally(name, whole)
        case Binary(op="*", left=Tuple() as many, right=count):
            each = tally(name, many)
            return (
                Tally(Name(name), (held,)) if isinstance(each, Tally) else binary("*", count, each)
            )
    if not isinstance(held, Tuple):
        return Tally(Name(name), (held,))
    total: Expr = Constant(0)
    for number, each in enumerate(held.items):
        part: Expr = Constant(1) if name == "len" else each
        if isinstance(each, Star):
            part = tally(name, each.value)
            if isinstance(part, Tally):
                return Tally(Name(name), (held,))
        total = part if number == 0 else binary("+", total, part)
    return total


def number_of(expr: Call) -> Expr:
    """The number that `int(8)` or `max(1, 8)` gives; another call is itself."""
    known = [n for arg in expr.args if (n := integer(arg)) is not None]
    if expr.keywords or not known or len(known) < len(expr.args):
        return expr
    match expr.function:
        case Name("int") if len(known) == 1:
            return Constant(known[0])
        case Name("max" | "min" as name) if len(known) > 1:
            return Constant(max(known) if name == "max" else min(known))
    return expr


def unary(op: str, operand: Expr) -> Expr:
    if op == "not":
        return negated(operand)
    number = integer(operand)
    if op == "-" and number is not None:
        return Constant(-number)
    return Unary(op, operand)


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
    """`min(n, 3)` for `3 if n > 3 else n`."""
    match test:
        case Binary(op=">" | ">=" | "<" | "<=" as op, left=left, right=right):
            if (then, other) == (left, right):
                return call("max" if op[0] == ">" else "min", left, right)
            if (then, other) == (right, left):
                return call("min" if op[0] == ">" else "max", left, right)
    return Conditional(then, test, other)


def binary(op: str, left: Expr, right: Expr) -> Expr:
    """`left op right`; integers without names are computed, sums have like terms together."""
    if op in ("and", "or"):
        return _logic(op, left, right)
    if op in _COMPARE:
        return _comparison(op, left, right)
    a, b = integer(left), integer(right)
    if a is not None and b is not None and op in _FOLD and not (op in ("//", "%") and b == 0):
        return Constant(_FOLD[op](a, b))
    if op in ("+", "-"):
        return left if b == 0 else _sum(op, left, right)
    if op == "*":
        return _product(left, right, a, b)
    if op == "//" and b == 1:
        return left
    if op == "//" and b is not None and b > 0:
        return _halved(left, right, b)
    if op == "**" and a is not None and b is not None and 0 <= b <= 53:
        return Constant(a**b)
    return Binary(op, left, right)


def _logic(op: str, left: Expr, right: Expr) -> Expr:
    if isinstance(left, Constant):
        return left if left.value is (op == "or") else right
    if isinstance(right, Constant) and right.kind == "bool":
        return right if right.value is (op == "or") else left
    return left if left == right else Binary(op, left, right)


def _comparison(op: str, left: Expr, right: Expr) -> Expr:
    if isinstance(left, Constant) and isinstance(right, Constant):
        numbers = {left.kind, right.kind} <= {"int", "float"}
        if left.kind == right.kind or numbers:
            if op in ("==", "!=") or (numbers and op in _MIRROR) or op in ("is", "is not"):
                return Constant(_COMPARE[op](left.value, right.value))
            return Binary(op, left, right)
        if op in ("==", "!=", "is", "is not"):
            return Constant(op in ("!=", "is not"))
    if left == right and op in _MIRROR and not isinstance(left, Call):
        return Constant(op in ("==", "<=", ">="))
    if op in _MIRROR and isinstance(left, Constant) and not isinstance(right, Constant):
        return Binary(_MIRROR[op], right, left)
    return Binary(op, left, right)


def _product(left: Expr, right: Expr, a: int | None, b: int | None) -> Expr:
    if a == 1:
        return right
    if b == 1:
        return left
    if a is not None and isinstance(right, Binary) and right.op == "*":
        inner = integer(right.left)
        if inner is not None:
            return _product(Constant(a * inner), right.right, a * inner, None)
    if a is not None and isinstance(right, Binary) and right.op in "+-" and integer(right) is None:
        terms = _terms(right)
        if len(terms) == 1:
            return binary("*", Constant(a * terms[0][0]), terms[0][1])
    return Binary("*", left, right)


def _halved(left: Expr, right: Expr, b: int) -> Expr:
    """`2 * w // 2` is `w`, and `w // 2 // 2` is `w // 4`."""
    if isinstance(left, Binary) and left.op == "*":
        factor = integer(left.left)
        if factor is not None and factor % b == 0:
            return binary("*", Constant(factor // b), left.right)
    if isinstance(left, Binary) and left.op == "//":
        inner = integer(left.right)
        if inner is not None and inner > 0:
            return Binary("//", left.left, Constant(inner * b))
    return Binary("//", left, right)


def _sum(op: str, left: Expr, right: Expr) -> Expr:
    """A sum with like terms together: four equal branches are `4 * filters`."""
    terms: list[tuple[int, Expr]] = []
    signed = _terms(right) if op == "+" else [(-n, e) for n, e in _terms(right)]
    if any(isinstance(e, Constant) and e.kind == "float" for _, e in (*_terms(left), *signed)):
        return Binary(op, left, right)
    merged = False
    for count, term in [*_terms(left), *signed]:
        for position, (held, known) in enumerate(terms):
            if known == term:
                terms[position] = held + count, term
                merged = True
                break
        else:
            terms.append((count, term))
    if not merged:
        return Binary(op, left, right)
    terms = [(n, term) for n, term in terms if n] or [(0, _ONE)]
    if terms[0][0] < 0 and (first := next((t for t in terms if t[0] > 0), None)):
        terms.remove(first)
        terms.insert(0, first)
    result = _term(*terms[0])
    for count, term in terms[1:]:
        result = Binary("+" if count > 0 else "-", result, _term(abs(count), term))
    return result


_ONE = Constant(1)


def _term(count: int, term: Expr) -> Expr:
    if term == _ONE:
        return Constant(count)
    return term if count == 1 else binary("*", Constant(count), term)


def _terms(expr: Expr) -> list[tuple[int, Expr]]:
    found: list[tuple[int, Expr]] = []
    stack: list[tuple[int, Expr]] = [(1, expr)]
    while stack:
        sign, current = stack.pop()
        number = integer(current)
        if number is not None:
            found.append((sign * number, _ONE))
        elif isinstance(current, Binary) and current.op in ("+", "-"):
            stack.append((sign if current.op == "+" else -sign, current.right))
            stack.append((sign, current.left))
        elif isinstance(current, Unary) and current.op == "-":
            stack.append((-sign, current.operand))
        elif (
            isinstance(current, Binary) and current.op == "*" and integer(current.left) is not None
        ):
            found.append((sign * (integer(current.left) or 0), current.right))
        else:
            found.append((sign, current))
    return found
