"""Symbolic tensors: what was computed, written so that equal computations are one object.

Both sides of the validation build their tensors here: what the language says of an op and
what flax says of a call become the same few forms, with every setting spelled out. Shapes
are without the batch, (height, width, channels) or (features,).
"""

from __future__ import annotations

from cnndsl.targets.python.values import Failure

Shape = tuple[int, ...]
Sides = tuple[tuple[int, int], ...]  # before and after each axis: (top, bottom), (left, right)
Settings = tuple[tuple[str, object], ...]


def described(name: str, args: tuple[object, ...]) -> str:
    """An initialiser with its arguments, as terms hold it."""
    return f"{name}({', '.join(map(repr, args))})"


class Unfit(Failure):
    """Shapes or settings that do not go together."""


class Term:
    """The result of an op. `number` tells apart ops that are alike and have one input, but
    weights or random numbers of their own: the first, the second, …."""

    __slots__ = ("inputs", "number", "op", "serial", "settings", "shape")

    def __init__(
        self,
        op: str,
        settings: Settings,
        inputs: tuple[Term, ...],
        shape: Shape,
        number: int,
        serial: int,
    ):
        self.op = op
        self.settings = settings
        self.inputs = inputs
        self.shape = shape
        self.number = number
        self.serial = serial  # in order of first use


class Terms:
    """All terms of a validation, each of them once."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], Term] = {}

    def term(
        self,
        op: str,
        settings: Settings,
        inputs: tuple[Term, ...],
        shape: Shape,
        number: int = 0,
    ) -> Term:
        key = (op, settings, number, shape, *[term.serial for term in inputs])
        found = self._known.get(key)
        if found is None:
            found = Term(op, settings, inputs, shape, number, len(self._known))
            self._known[key] = found
        return found
