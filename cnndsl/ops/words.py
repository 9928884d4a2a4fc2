"""Kinds of arguments that are words, or may be a tensor in whose size the op is interested."""

from __future__ import annotations

from cnndsl.ops.base import Shape
from cnndsl.ops.kinds import Choice, Extents, Window


class Words(Choice):
    """One of a few words, which mean themselves where this argument stands."""

    def __init__(self, *names: str):
        super().__init__(*names)
        self.own_words = frozenset(names)

    def describe(self) -> str:
        *first, last = (f"`{name}`" for name in self.names)
        return f"{', '.join(first)} or {last}"


class Like(Extents):
    """A shape, or a tensor that has it."""

    def describe(self) -> str:
        return f"a tensor, {super().describe()}"

    def of_tensor(self, shape: Shape) -> Shape:
        return shape


class Size(Window):
    """A height and a width, or a feature map that has them."""

    def describe(self) -> str:
        return "a feature map, a positive integer or HxW"

    def of_tensor(self, shape: Shape) -> Shape:
        return shape[:2] if len(shape) == 3 else shape


AXIS = Words("channels", "positions", "height", "width")
BORDER_MODE = Words("zero", "reflect", "edge")
RESAMPLING = Choice("nearest", "bilinear")
LIKE = Like()
SIZE = Size()
