"""The functions of the language, over compile-time values."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from cnndsl.elaborate.values import Fault, bounded, is_number, kind
from cnndsl.ir import Pack, Value

Function = Callable[..., Value]  # takes its arguments by position


def _numbers(name: str, args: Sequence[Value]) -> list[float]:
    numbers = []
    for value in args:
        if not is_number(value):
            raise Fault("E201", f"`{name}` works on numbers; this is {kind(value)}")
        numbers.append(value)
    return numbers


def _extreme(name: str, choose: Callable[[list[float]], float]) -> Function:
    def function(*args: Value) -> Value:
        items = args[0] if len(args) == 1 and isinstance(args[0], list) else args
        if not items:
            raise Fault("E201", f"`{name}` of nothing")
        return choose(_numbers(name, items))

    return function


def _unary(name: str, function: Callable[[float], float]) -> Function:
    def checked(*args: Value) -> Value:
        if len(args) != 1:
            raise Fault("E106", f"`{name}` takes one number, not {len(args)}")
        (number,) = _numbers(name, args)
        try:
            return bounded(function(number))
        except (ValueError, OverflowError):
            raise Fault("E202", f"`{name}` of {number} is not a number") from None

    return checked


def _numbered(items: list[Value]) -> list[Value]:
    return [[place, item] for place, item in enumerate(items)]


def _zipped(*lists: Value) -> Value:
    """Lists of the first items, of the second ones and so on."""
    if not lists:
        raise Fault("E106", "`zip` takes lists, not nothing")
    found: list[list[Value]] = []
    for held in lists:
        if not isinstance(held, list):
            raise Fault("E201", f"`zip` takes lists; this is {kind(held)}", _by_number(held))
        found.append(held)
    if len({len(held) for held in found}) > 1:
        sizes = ", ".join(str(len(held)) for held in found)
        help = "a slice makes one shorter: xs[0 .. len(ys)]"
        raise Fault("E201", f"`zip` takes lists of one length; these have {sizes} items", help)
    return [list(row) for row in zip(*found, strict=True)]


def _by_number(*args: Value) -> str | None:
    """How to walk what is a list of tensors."""
    is_pack = any(isinstance(held, Pack) for held in args)
    return "by their numbers: `for i in 0 .. len(maps) { maps[i] -> … }`" if is_pack else None


def _list_function(name: str, function: Callable[[list[Value]], Value]) -> Function:
    def checked(*args: Value) -> Value:
        if len(args) != 1 or not isinstance(args[0], list):
            seen = kind(args[0]) if len(args) == 1 else f"{len(args)} arguments"
            raise Fault("E201", f"`{name}` takes one list, not {seen}", _by_number(*args))
        return function(args[0])

    return checked


def _length(*args: Value) -> Value:
    if len(args) == 1 and isinstance(args[0], Pack):
        return len(args[0].tensors)
    return _list_function("len", len)(*args)


FUNCTIONS: dict[str, Function] = {
    "min": _extreme("min", min),
    "max": _extreme("max", max),
    "ceil": _unary("ceil", math.ceil),
    "floor": _unary("floor", math.floor),
    "round": _unary("round", round),
    "int": _unary("int", int),
    "abs": _unary("abs", abs),
    "sqrt": _unary("sqrt", math.sqrt),
    "log2": _unary("log2", math.log2),
    "sum": _list_function("sum", lambda items: bounded(sum(_numbers("sum", items)))),
    "len": _length,
    "enumerate": _list_function("enumerate", _numbered),
    "zip": _zipped,
}
