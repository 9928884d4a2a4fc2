"""Python expressions as small trees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Scope(Enum):
    """How a bound name is reached."""

    ARGUMENT = "argument"  # of the constructor; `self.name` at call time
    LOCAL = "local"  # of the constructor: a `let`; `self.name` at call time
    LOOP = "loop"  # a loop variable, in the constructor's loop and in the call's
    CLASS = "class"  # an attribute of the model's class: `self.name` everywhere
    FEATURES = "features"  # channels carried along a loop; constructor only


@dataclass(eq=False)
class Binding:
    """One name of the emitted class; `name` is settled before anything is printed."""

    name: str
    scope: Scope
    index: int = 0  # among the bindings of its class
    definition: Py | None = None  # of a LOCAL: what it is, in terms of other bindings
    in_loop: bool = False
    values: dict[int, Any] | None = None  # by instance of the class, where it is known
    pair: bool = False  # a window that is a pair everywhere, however it was written


@dataclass(frozen=True)
class Ref:
    binding: Binding


@dataclass(frozen=True)
class Lit:
    """A literal: int, float, bool, str, None or a tuple of these."""

    value: Any


@dataclass(frozen=True)
class Bin:
    op: str
    left: Py
    right: Py


@dataclass(frozen=True)
class Un:
    op: str
    operand: Py


@dataclass(frozen=True)
class CallOf:
    function: str
    args: tuple[Py, ...]
    names: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Item:
    base: Py
    index: Py


@dataclass(frozen=True)
class Choice:
    then: Py
    condition: Py
    other: Py


@dataclass(frozen=True)
class Tup:
    items: tuple[Py, ...]


@dataclass(frozen=True)
class Runtime:
    """What only the call knows: `h.shape[1]`."""

    text: str


Py = Ref | Lit | Bin | Un | CallOf | Item | Choice | Tup | Runtime

_LEVEL = {
    "or": 1,
    "and": 2,
    "==": 4,
    "!=": 4,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "is": 4,
    "is not": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "//": 6,
    "%": 6,
    "**": 8,
}
_CHOICE, _NOT, _SIGN, ATOM = 0, 3, 7, 10

Namer = Callable[[Binding], str]


def render(expr: Py, name: Namer) -> str:
    return _render(expr, name)[0]


def level(expr: Py) -> int:
    match expr:
        case Bin():
            return _LEVEL[expr.op]
        case Un():
            return _NOT if expr.op == "not" else _SIGN
        case Choice():
            return _CHOICE
        case Lit() if _is_number(expr.value) and expr.value < 0:
            return _SIGN
    return ATOM


def _render(expr: Py, name: Namer) -> tuple[str, int]:
    match expr:
        case Ref():
            text = name(expr.binding)
        case Lit():
            text = literal(expr.value)
        case Runtime():
            text = expr.text
        case Bin():
            text = _binary(expr, name)
        case Un(op="not"):
            text = f"not {_wrap(expr.operand, _NOT, name)}"
        case Un():
            text = f"{expr.op}{_wrap(expr.operand, _SIGN, name)}"
        case CallOf():
            names = expr.names or (None,) * len(expr.args)
            args = (
                f"{key}={render(arg, name)}" if key else render(arg, name)
                for key, arg in zip(names, expr.args, strict=True)
            )
            text = f"{expr.function}({', '.join(args)})"
        case Item():
            text = f"{_wrap(expr.base, ATOM, name)}[{render(expr.index, name)}]"
        case Choice():
            then, condition = (_wrap(e, _CHOICE + 1, name) for e in (expr.then, expr.condition))
            text = f"{then} if {condition} else {_wrap(expr.other, _CHOICE, name)}"
        case Tup():
            items = [render(item, name) for item in expr.items]
            text = f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    return text, level(expr)


def _binary(expr: Bin, name: Namer) -> str:
    own = _LEVEL[expr.op]
    if expr.op == "**":  # binds to the right
        left, right = _wrap(expr.left, own + 1, name), _wrap(expr.right, _SIGN, name)
        return f"{left}**{right}"
    associative = isinstance(expr.right, Bin) and expr.right.op == expr.op and expr.op in "+*"
    if own == _LEVEL["=="]:
        return f"{_wrap(expr.left, own + 1, name)} {expr.op} {_wrap(expr.right, own + 1, name)}"
    tight = own if associative or expr.op in ("and", "or") else own + 1
    return f"{_wrap(expr.left, own, name)} {expr.op} {_wrap(expr.right, tight, name)}"


def _wrap(expr: Py, at_least: int, name: Namer) -> str:
    text, bound = _render(expr, name)
    return text if bound >= at_least else f"({text})"


def literal(value: Any) -> str:
    """A value as a programmer writes it: `1e-3`, `"same"`, `(3, 3)`."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    items = [literal(item) for item in value]
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _float(value: float) -> str:
    """The shortest spelling that reads back exactly: 0.5, 1e-3, 1.001e-5."""
    text = float.__repr__(value)
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent)}"
    if 0 < abs(value) < 0.01:
        mantissa, exponent = f"{value:.17e}".split("e")
        for digits in range(17):
            short = f"{value:.{digits}e}"
            if float(short) == value:
                mantissa, exponent = short.split("e")
                break
        return f"{mantissa}e{int(exponent)}"
    return text


def bindings(expr: Py) -> Iterator[Binding]:
    """Every binding that an expression mentions."""
    match expr:
        case Ref():
            yield expr.binding
        case Bin():
            yield from bindings(expr.left)
            yield from bindings(expr.right)
        case Un():
            yield from bindings(expr.operand)
        case CallOf():
            for arg in expr.args:
                yield from bindings(arg)
        case Item():
            yield from bindings(expr.base)
            yield from bindings(expr.index)
        case Choice():
            for part in (expr.then, expr.condition, expr.other):
                yield from bindings(part)
        case Tup():
            for item in expr.items:
                yield from bindings(item)


def size(expr: Py) -> int:
    """How many names, literals and operators an expression has."""
    match expr:
        case Bin():
            return 1 + size(expr.left) + size(expr.right)
        case Un():
            return 1 + size(expr.operand)
        case CallOf():
            return 1 + sum(map(size, expr.args))
        case Item():
            return 1 + size(expr.base) + size(expr.index)
        case Choice():
            return 1 + sum(map(size, (expr.then, expr.condition, expr.other)))
        case Tup():
            return 1 + sum(map(size, expr.items))
    return 1


def is_runtime(expr: Py) -> bool:
    match expr:
        case Runtime():
            return True
        case Bin():
            return is_runtime(expr.left) or is_runtime(expr.right)
        case Un():
            return is_runtime(expr.operand)
        case CallOf():
            return any(map(is_runtime, expr.args))
        case Item():
            return is_runtime(expr.base) or is_runtime(expr.index)
        case Choice():
            return any(map(is_runtime, (expr.then, expr.condition, expr.other)))
        case Tup():
            return any(map(is_runtime, expr.items))
    return False


def is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def frozen(value: Any) -> Any:
    """A value of the language as Python holds it for good: lists are tuples."""
    return tuple(map(frozen, value)) if isinstance(value, list) else value
