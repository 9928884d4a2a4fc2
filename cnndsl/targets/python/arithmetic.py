"""Operations on expressions, with what is known of them worked out."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import gcd

from cnndsl.targets.python.draft import Share
from cnndsl.targets.python.expressions import integer, size
from cnndsl.targets.python.logic import COMPARE, comparison, logic, negated
from cnndsl.targets.python.polynomials import like_terms_together
from cnndsl.targets.python.tree import Binary, Call, Constant, Expr, Name, Unary

_FOLD: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}


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


def binary(op: str, left: Expr, right: Expr) -> Expr:
    """`left op right`; integers without names are computed, sums have like terms together."""
    if op in ("and", "or"):
        return logic(op, left, right)
    if op in COMPARE:
        return comparison(op, left, right)
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


def _product(left: Expr, right: Expr, a: int | None, b: int | None) -> Expr:
    if a == 1:
        return right
    if b == 1:
        return left
    whole = _all_shares(left, right) or _all_shares(right, left)
    if whole is not None:
        return whole
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


def share(whole: Expr, count: Expr) -> Expr:
    """One of `count` equal parts of a whole number: of `width * n` it is `width`."""
    rest = _without_factor(whole, count)
    if rest is not None:
        return rest
    parts = integer(count)
    match whole:
        case Binary(op="*", left=Constant(value=int(times)), right=each) if parts:
            common = gcd(times, parts)
            if common > 1:
                rest = binary("*", Constant(times // common), each)
                return share(rest, Constant(parts // common))
    known = binary("//", whole, count)
    is_known = not (isinstance(known, Binary) and known.op == "//")
    return known if is_known else Share("//", whole, count)


def _without_factor(product: Expr, factor: Expr) -> Expr | None:
    """The product without one of its factors; None if it has no such one."""
    if product == factor:
        return _ONE
    if not isinstance(product, Binary) or product.op != "*":
        return None
    for one, other in ((product.left, product.right), (product.right, product.left)):
        rest = _without_factor(one, factor)
        if rest is not None:
            left_over = (rest, other) if one is product.left else (other, rest)
            return binary("*", *left_over)
    return None


def _all_shares(count: Expr, each: Expr) -> Expr | None:
    """What so many equal parts are together, where that is shorter: all of them, or half."""
    if not isinstance(each, Share):
        return None
    if each.right == count:
        return each.left
    times, parts = integer(count), integer(each.right)
    if not times or not parts:
        return None
    if times % parts == 0:
        return binary("*", Constant(times // parts), each.left)
    return share(each.left, Constant(parts // times)) if parts % times == 0 else None


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
        number = integer(right)
        if number is not None and number < 0:
            op, right = "-" if op == "+" else "+", Constant(-number)
        return _cancelled(Binary(op, left, right))
    wholes = [(n, e) for n, e in terms if _all_shares(Constant(abs(n)), e) is not None]
    if wholes and len(terms) > 1:
        rest = _added([each for each in terms if each not in wholes])
        return binary("+", _added(wholes), rest)
    return _cancelled(_added(terms))


def _cancelled(expr: Expr) -> Expr:
    """A sum multiplied out, where that is shorter: of `i * s - (i - 1) * s` it is `s`."""
    terms = like_terms_together(expr)
    if terms is None:
        return expr
    products = [(n, _product_of(factors)) for n, factors in terms]
    found = _added(products)
    return found if size(found) < size(expr) else expr


def _product_of(factors: Sequence[Expr]) -> Expr:
    found: Expr = _ONE
    for factor in factors:
        found = binary("*", found, factor)
    return found


def _added(terms: list[tuple[int, Expr]]) -> Expr:
    """The sum of terms that differ, each so many times."""
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
