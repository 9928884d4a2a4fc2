"""Compile-time values: what operators, functions and attributes do to them.

Values are int, float, bool, str, list, None and tensors. Faults carry no span; the
evaluator knows where the expression stands.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeGuard

from cnndsl.elaborate.reuse import layer_key
from cnndsl.ir import LayerArgument, Pack, Tensor, Value
from cnndsl.ops.base import rank_of
from cnndsl.ops.initial import Initial
from cnndsl.ops.ranks import AXES, NAMES
from cnndsl.ops.spelled import sized

if TYPE_CHECKING:
    from cnndsl.plain import Json

MAX_INT = 2**53
MAX_LIST = 1_000_000


class Fault(Exception):
    """A value that an operation does not accept; `code` selects the diagnostic."""

    def __init__(self, code: str, message: str, help: str | None = None):
        super().__init__(message)
        self.code = code
        self.message = message
        self.help = help


def kind(value: object) -> str:
    """What a value is, with its article, as a message says it."""
    if value is None:
        return "`none`"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float):
        return "a float"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, Initial):
        return "an initializer"
    if isinstance(value, LayerArgument):
        return "a layer"
    return "a pack" if isinstance(value, Pack) else "a tensor"


def is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_plain(value: Value) -> TypeGuard[Json]:
    """Whether a value holds no tensor; lists can hold each other many times over."""
    waiting, met = [value], set()
    while waiting:
        current = waiting.pop()
        if isinstance(current, Tensor | Pack | Initial | LayerArgument):
            return False
        if isinstance(current, list) and id(current) not in met:
            met.add(id(current))
            waiting.extend(current)
    return True


def bounded(value: float) -> float:
    """`value`, or a fault where it is too large, infinite or not a number."""
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Fault("E202", "the result is not a finite number")
    elif isinstance(value, int) and not -MAX_INT < value < MAX_INT:
        raise Fault("E206", "this integer is too large: integers stay below 2**53 in magnitude")
    return value


_ARITHMETIC: dict[str, Callable[[float, float], float | complex]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}
_ORDER: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def binary(op: str, left: Value, right: Value) -> Value:
    """The result of `left op right` for arithmetic and order; `+` also joins lists."""
    if op == "+" and isinstance(left, list) and isinstance(right, list):
        return joined(left, right)
    if not (is_number(left) and is_number(right)):
        wrong = left if not is_number(left) else right
        if op == "+" and isinstance(wrong, list):
            other = right if wrong is left else left
            message = f"`+` joins lists; next to this list stands {kind(other)}"
            help = "an item is added as a list: xs + [x]" if is_number(other) else None
            raise Fault("E201", message, help)
        raise Fault("E201", f"`{op}` works on numbers; this is {kind(wrong)}")
    if op in _ORDER:
        return _ORDER[op](left, right)
    return arithmetic(op, left, right)


def arithmetic(op: str, left: float, right: float) -> float:
    if op == "//" and not (is_int(left) and is_int(right)):
        help = "`int(a / b)` divides floats and rounds towards zero"
        raise Fault("E201", "`//` divides integers; this is a float", help)
    if op in ("/", "//", "%") and right == 0:
        raise Fault("E202", "division by zero")
    if op == "**":
        check_power(left, right)
    try:
        result = _ARITHMETIC[op](left, right)
    except OverflowError:
        raise Fault("E202", "the result is not a finite number") from None
    if isinstance(result, complex):
        raise Fault("E202", "the result is not a real number")
    return bounded(result)


def check_power(left: float, right: float) -> None:
    """Refuses powers before they are computed: 9 ** 9 ** 9 has a third of a billion digits."""
    if left == 0 and right < 0:
        raise Fault("E202", "division by zero")
    if is_int(left) and is_int(right) and abs(left) > 1 and right > 53:
        raise Fault("E206", "this integer is too large: integers stay below 2**53 in magnitude")


def equal(left: Value, right: Value) -> bool:
    """Equality of two values that are not both lists, without Python's `True == 1`.

    Tensors and packs equal only themselves; layers are equal that are one op or block with equal
    arguments.
    """
    if isinstance(left, LayerArgument) and isinstance(right, LayerArgument):
        return layer_key(left) == layer_key(right)
    if isinstance(left, Tensor | Pack) or isinstance(right, Tensor | Pack):
        return left is right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return left == right


def negate(op: str, operand: Value) -> Value:
    if not is_number(operand):
        raise Fault("E201", f"`{op}` works on numbers; this is {kind(operand)}")
    return -operand if op == "-" else operand


def joined(left: list[Value], right: list[Value]) -> list[Value]:
    """One list of two."""
    if len(left) + len(right) > MAX_LIST:
        raise Fault("E206", "this list is too long: lists hold at most a million items")
    return left + right


def index(base: Value, position: Value) -> Value:
    """An item of a list, or a tensor of a pack."""
    items = _items(base)
    if not is_int(position):
        raise Fault("E201", f"an index is an integer; this is {kind(position)}")
    if not -len(items) <= position < len(items):
        what = "tensor" if isinstance(base, Pack) else "item"
        raise Fault("E203", f"there is no {what} {position}: {_has(base)}")
    return items[position]


def part(base: Value, start: Value, stop: Value) -> list[Value] | Pack:
    """`base[start .. stop]`, half open; negative ends count from the end of the list."""
    items = _items(base)
    first, end = _end(start), _end(stop)
    for position in (first, end):
        if not -len(items) <= position <= len(items):
            raise Fault("E203", f"there is no place {position}: {_has(base)}")
    return Pack(base.tensors[first:end]) if isinstance(base, Pack) else list(items[first:end])


def _items(base: Value) -> Sequence[Value]:
    if isinstance(base, Pack):
        return base.tensors
    if not isinstance(base, list):
        raise Fault("E201", f"only a list has items; this is {kind(base)}")
    return base


def _has(base: Value) -> str:
    what, items = ("pack", "tensors") if isinstance(base, Pack) else ("list", "items")
    held = _items(base)
    if not held:
        return f"the {what} is empty"
    count = f"{len(held)} {items}" if len(held) > 1 else f"one {items[:-1]}"
    return f"the {what} has {count}, counted from 0, or from -1 at its end"


def span_of(start: Value, stop: Value) -> list[Value]:
    """`start .. stop`, half open."""
    first, end = _end(start), _end(stop)
    if end - first > MAX_LIST:
        raise Fault("E206", "this list is too long: lists hold at most a million items")
    return list(range(first, end))


def _end(value: Value) -> int:
    if not is_int(value):
        raise Fault("E201", f"a range runs between integers; this is {kind(value)}")
    return value


ATTRIBUTES = ("channels", "height", "width", "depth", "length")


def attribute(tensor: Value, name: str) -> Value:
    """`t.channels`, `t.shape`, or the size of an axis: `t.height`, `t.width`."""
    if not isinstance(tensor, Tensor):
        raise Fault("E118", f"only a tensor has `.{name}`; this is {kind(tensor)}")
    if name == "shape":
        return list(tensor.shape)
    if name not in ATTRIBUTES:
        axes = AXES[2 if tensor.known is None else rank_of(tensor.known) or 2]
        listed = ", ".join(("channels", *axes))
        raise Fault("E118", f"a tensor has no `.{name}`", help=f"{listed} or shape")
    if name == "channels":
        return tensor.shape[-1]
    rank = rank_of(tensor.shape)
    if name in AXES[rank]:
        return tensor.shape[AXES[rank].index(name)]
    if rank == 0:
        raise Fault(
            "E118", f"a vector has no `.{name}`: this tensor has {tensor.shape[0]} features"
        )
    seen = f"{NAMES[rank]} of {sized(tensor.shape)} has no `.{name}`"
    raise Fault("E118", seen, help=f"{', '.join(('channels', *AXES[rank]))} or shape")
