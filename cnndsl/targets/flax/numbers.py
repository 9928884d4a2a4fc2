"""Integers and floats that remember how they are spelled.

Shape rules stay plain arithmetic: given a `Num` that is spelled `width`, they return one that is
spelled `4 * width`.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from cnndsl.targets.flax.folding import combine, total
from cnndsl.targets.flax.pyexpr import Lit, Py, Tup, is_int


class Num(int):
    """An int with the expression it came from."""

    py: Py

    def __new__(cls, value: int, py: Py | None = None) -> Num:
        num = super().__new__(cls, value)
        num.py = Lit(int(value)) if py is None else py
        return num


class Real(float):
    """A float with the expression it came from."""

    py: Py

    def __new__(cls, value: float, py: Py) -> Real:
        num = super().__new__(cls, value)
        num.py = py
        return num


def spelled(value: Any) -> Py:
    """The expression of a value: its own where it remembers one, a literal otherwise."""
    if isinstance(value, (Num, Real)):
        return value.py
    if isinstance(value, (tuple, list)):
        return Tup(tuple(spelled(item) for item in value))
    return Lit(value)


def _operator(op: str, method: str) -> None:
    plain = getattr(int, method)

    together = total if op == "+" else partial(combine, op)

    def forward(self: Num, other: int) -> Num:
        if not is_int(other):
            return plain(self, other)
        return Num(plain(self, other), together(self.py, spelled(other)))

    def backward(self: Num, other: int) -> Num:
        if not is_int(other):
            return NotImplemented
        return Num(plain(int(other), int(self)), together(spelled(other), self.py))

    setattr(Num, method, forward)
    setattr(Num, method.replace("__", "__r", 1), backward)


for _op, _method in zip(
    ("+", "-", "*", "//", "%"),
    ("__add__", "__sub__", "__mul__", "__floordiv__", "__mod__"),
    strict=True,
):
    _operator(_op, _method)
