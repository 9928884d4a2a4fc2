"""Values as an author would write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_WORDS = ("same", "valid", "causal", "nearest", "bilinear")  # what strings are without quotes
_LONGEST = 40  # characters of a value that a message quotes


class Written:
    """A value that `str` writes as an author would."""


@dataclass(frozen=True)
class Same:
    """A default that is the value of another argument: `stride = window`."""

    argument: str


def show(value: object, depth: int = 20) -> str:
    """A default or a value in the language's own spelling; integers by their value.

    Lists inside each other more than `depth` deep are left out: a loop can nest them without end.
    """
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Same):
        return value.argument
    if isinstance(value, str):
        return value if value in _WORDS else f'"{value}"'
    if isinstance(value, float):
        return _decimal(value)
    if isinstance(value, int):
        return int.__repr__(value)  # not str(): that would be the expression it came from
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(show(item, depth - 1) for item in value) + "]" if depth else "[…]"
    return str(value)


def brief(value: object, room: int = _LONGEST) -> str:
    """As much of the same as there is room for, without writing out the rest."""
    if isinstance(value, str):
        return show(value[:room])[:room]
    if not isinstance(value, list):
        return show(value)[:room]
    text = "["
    for index, item in enumerate(value):
        text += ", " if index else ""
        if len(text) >= room:
            return text[:room]
        text += brief(item, room - len(text))
    return f"{text}]"[:room]


def _decimal(value: float) -> str:
    """The digits that name this float, as papers write them: 0.75, 1e-4."""
    text = float.__repr__(value)
    if 0 < abs(value) < 1e-3 and "e" not in text:
        exact = (f"{value:.{digits}e}" for digits in range(17))
        text = next(candidate for candidate in exact if float(candidate) == value)
    return text.replace("e-0", "e-")


def seen(value: object) -> str:
    """A value that was not wanted, in few words whatever it holds: `64.0`, `a list of 900`."""
    if isinstance(value, (list, tuple, range)):
        flat = len(value) <= 4 and all(isinstance(v, (int, float)) for v in value)
        return show(list(value)) if flat else f"a list of {len(value)}"
    if isinstance(value, str) and len(value) > _LONGEST:
        return show(value[:_LONGEST] + "…")
    if value is None or isinstance(value, (bool, int, float, str)):
        return show(value)
    return brief(value) if isinstance(value, Written) else "a tensor"


def sized(shape: Sequence[int]) -> str:
    """`7 x 7 x 512`, by value; a vector is `4096`."""
    return " x ".join(show(extent) for extent in shape)
