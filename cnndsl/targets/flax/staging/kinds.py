"""What values of the language are, by their kind."""

from __future__ import annotations

from collections.abc import Iterable


def frozen(value: object) -> object:
    """A value of the language as Python holds it for good: lists are tuples."""
    return tuple(map(frozen, value)) if isinstance(value, (list, tuple)) else value


def sample_kinds(values: Iterable[object]) -> set[str]:
    """What values are: "int", "float", "bool", "str", "none", "pair" or "list"."""
    return {_kind(value) for value in values}


def _kind(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "str"
    return "pair" if isinstance(value, (list, tuple)) and len(value) == 2 else "list"
