"""Tensors that no chain computes: learned ones, and fixed ones. They ignore what arrives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, TypeAlias

from cnndsl.ops.base import Op, Reject, Shape, arg
from cnndsl.ops.initial import OF_VECTORS, TENSOR_INITIALIZER, Start, name_of
from cnndsl.ops.tensor_kinds import GRID, LAST_EXTENTS, SOME_EXTENTS

Row: TypeAlias = tuple[float, ...]
Values: TypeAlias = float | Row | tuple[tuple[Row, ...], ...]


@dataclass(frozen=True)
class Param(Op):
    """A learned tensor, the same for every image: `param NAME = init(shape)`.

    Shape:
      `shape`, whatever arrives.
    Params:
      value, of that shape.
    Source:
      Gates and positional embeddings, as in Dosovitskiy et al., "An image is worth 16x16 words",
      2021 (arXiv:2010.11929), section 3.1.

    >>> Param.make({"init": "ones", "shape": [1, 1, 64]}).params((56, 56, 64))
    {'value': (1, 1, 64)}
    """

    name = "param"

    init: Start = arg(TENSOR_INITIALIZER, doc="how it starts")
    shape: Shape = arg(LAST_EXTENTS, doc="[h, w, c], or an integer for a vector")

    @classmethod
    def signature(cls) -> str:
        return "param NAME = init(shape)"

    @classmethod
    def make(cls, given: Mapping[str, object], rank: int = 2) -> Self:
        op = super().make(given, rank)
        if len(op.shape) == 1 and name_of(op.init) not in (*OF_VECTORS, "constant"):
            message = f"`{name_of(op.init)}` goes by the number of inputs, and a vector has none"
            raise Reject(message, "init", f"one of {', '.join((*OF_VECTORS, 'constant'))}")
        return op

    def output(self, x: Shape) -> Shape:
        return self.shape

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"value": self.shape}

    def ignores_input(self) -> bool:
        return True


@dataclass(frozen=True)
class Constant(Op):
    """A fixed tensor, the same for every image: `constant NAME = values`.

    It stands in the code of the network: it is neither learned nor counted as state.

    Shape:
      That of the lists, rows of positions of channels or one list for a vector, or `shape`.

    >>> Constant.make({"values": [[[1], [2]], [[3], [4]]]}).output((8, 8, 16))
    (2, 2, 1)
    """

    name = "constant"

    values: Values = arg(GRID, doc="lists of numbers, or the one number of all places")
    shape: Shape | None = arg(SOME_EXTENTS, None, "of a tensor of one number")

    @classmethod
    def signature(cls) -> str:
        return "constant NAME = values"

    @classmethod
    def make(cls, given: Mapping[str, object], rank: int = 2) -> Self:
        op = super().make(given, rank)
        if isinstance(op.values, tuple) and op.shape is not None:
            raise Reject("lists have the shape that they have", "shape")
        if not isinstance(op.values, tuple) and op.shape is None:
            help = "a value is named by `let`; a vector of one number is `[0.5]`"
            raise Reject("a number is no tensor", "values", help)
        return op

    def output(self, x: Shape) -> Shape:
        return _extents(self.values) if isinstance(self.values, tuple) else self.shape or ()

    def ignores_input(self) -> bool:
        return True


def _extents(values: Row | tuple[tuple[Row, ...], ...]) -> Shape:
    first = values[0]
    if not isinstance(first, tuple):
        return (len(values),)
    return (len(values), len(first), len(first[0]))
