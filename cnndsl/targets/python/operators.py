"""Operators between values: Python's own for plain ones, an external's where one takes part."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from cnndsl.targets.python.values import MOST, Budget, External, Failure, described

_ARITHMETIC: dict[str, Callable[[Any, Any], object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "|": operator.or_,
}
_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OF_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
}
_LARGEST_POWER = 1000


def arithmetic(op: str, left: object, right: object, budget: Budget) -> object:
    """`left op right`; numbers stay small, and lists count as steps."""
    if type(left) is int and type(right) is int and op in _OF_INTEGERS:
        number = _OF_INTEGERS[op](left, right)
        if -MOST < number < MOST:
            return number
    if isinstance(left, External):
        return left.binary(op, right, False)
    if isinstance(right, External):
        return right.binary(op, left, True)
    if op not in _ARITHMETIC:
        raise Failure(f"`{op}` is no operator of a generated module")
    if op == "**" and isinstance(right, int | float) and abs(right) > _LARGEST_POWER:
        raise Failure(f"a power of {described(right)}")
    for one, other in ((left, right), (right, left)):
        if isinstance(one, list | tuple | str):
            budget.spend(len(one) * (max(other, 1) if isinstance(other, int) else 1))
    result = _ARITHMETIC[op](left, right)
    if isinstance(result, int) and not -MOST < result < MOST:
        raise Failure(f"`{op}` gives an integer beyond 2**63")
    if isinstance(result, complex):
        raise Failure(f"`{op}` gives a complex number")
    return result


def comparison(op: str) -> Callable[[object, object], bool] | None:
    """The function of a comparison; None where an operator is none."""
    if op not in _COMPARED:
        return None
    compare = _COMPARED[op]

    def run(left: object, right: object) -> bool:
        if isinstance(left, External) or isinstance(right, External):
            held = left if isinstance(left, External) else right
            raise Failure(f"`{op}` of {described(held)}")
        return compare(left, right)

    return run


def identical(left: object, right: object) -> bool:
    """Identity, where it does not depend on how Python keeps its numbers."""
    for value in (left, right):
        if value is None or isinstance(value, bool | External):
            return left is right
    raise Failure(f"`is` of {described(left)} and {described(right)}")


def contains(holder: object, item: object) -> bool:
    if isinstance(holder, list | tuple | range | dict):
        return item in holder
    if isinstance(holder, str) and isinstance(item, str):
        return item in holder
    raise Failure(f"{described(item)} in {described(holder)}")


def item_of(value: object, index: object) -> object:
    """`value[index]`."""
    if isinstance(value, External):
        return value.item(index)
    if isinstance(value, dict):
        return value[index]
    if isinstance(value, list | tuple | range | str) and isinstance(index, int | slice):
        return value[index]
    raise Failure(f"{described(value)} has no item {described(index)}")
