"""Annotations: the type that fits all of some values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnndsl.targets.python.expressions import NONE
from cnndsl.targets.python.tree import Binary, Constant, Expr, Item, Name, Tuple

_PLAIN = {bool: "bool", int: "int", float: "float", str: "str"}


def type_of(values: Iterable[object]) -> Expr:
    """The annotation that fits all of some values."""
    held = list(values)
    kinds = _kinds(v for v in held if v is not None)
    if not kinds:
        return NONE
    if any(v is None for v in held):
        kinds.append(NONE)
    found = kinds[0]
    for kind in kinds[1:]:
        found = Binary("|", found, kind)
    return found


def _kinds(values: Iterable[object]) -> list[Expr]:
    kinds = list(dict.fromkeys(map(_type, values)))
    if set(kinds) == {Name("int"), Name("float")}:
        return [Name("float")]
    return kinds


def _type(value: object) -> Expr:
    if isinstance(value, (list, tuple)):
        return _tuple(value)
    return Name(_PLAIN.get(type(value), "object"))


def _tuple(value: Sequence[object]) -> Expr:
    items = _kinds(value)
    if len(items) == 1:
        return Item(Name("tuple"), Tuple((items[0], Constant(...))))
    return Name("tuple")
