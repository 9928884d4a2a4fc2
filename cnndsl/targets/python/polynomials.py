"""Sums of products in which terms cancel: `i * s - (i - 1) * s` is `s`."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.python.draft import Share
from cnndsl.targets.python.expressions import integer, size
from cnndsl.targets.python.tree import Attribute, Binary, Call, Conditional, Expr, Item, Name, Unary

Monomial = tuple[Expr, ...]  # its factors, in order of appearance
_LONGEST, _MOST = 60, 24  # nodes of what is multiplied out, and terms that it has then


def like_terms_together(expr: Expr) -> list[tuple[int, Monomial]] | None:
    """A sum multiplied out: its monomials, and how often each of them stands there.

    None where no two are alike, where it has floats or lists, and where it is long.
    """
    terms = _multiplied_out(expr) if size(expr) <= _LONGEST else None
    if terms is None:
        return None
    found: dict[frozenset[tuple[Expr, int]], tuple[int, Monomial]] = {}
    for count, factors in terms:
        key = frozenset((factor, factors.count(factor)) for factor in factors)
        before, first = found.get(key, (0, factors))
        found[key] = before + count, first
    return None if len(found) == len(terms) else [each for each in found.values() if each[0]]


def _multiplied_out(expr: Expr) -> list[tuple[int, Monomial]] | None:
    number = integer(expr)
    if number is not None:
        return [(number, ())]
    match expr:
        case Share():
            return None
        case Unary(op="-", operand=operand):
            held = _multiplied_out(operand)
            return None if held is None else [(-count, factors) for count, factors in held]
        case Binary(op="+" | "-" | "*" as op, left=left, right=right):
            one, other = _multiplied_out(left), _multiplied_out(right)
            return None if one is None or other is None else _joined(op, one, other)
        case Binary(op="//" | "%") | Name() | Attribute() | Item() | Call() | Conditional():
            return [(1, (expr,))]
    return None


def _joined(
    op: str, one: Sequence[tuple[int, Monomial]], other: Sequence[tuple[int, Monomial]]
) -> list[tuple[int, Monomial]] | None:
    if op == "*":
        if len(one) * len(other) > _MOST:
            return None
        return [(n * m, (*a, *b)) for n, a in one for m, b in other]
    sign = 1 if op == "+" else -1
    whole = [*one, *((sign * n, factors) for n, factors in other)]
    return whole if len(whole) <= _MOST else None
