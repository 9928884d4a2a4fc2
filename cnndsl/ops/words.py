"""Kinds of arguments that are words, or may be a tensor in whose size the op is interested."""

from __future__ import annotations

from cnndsl.ops.base import Kind, Shape
from cnndsl.ops.kinds import ByAxis, Choice, Extents, Window
from cnndsl.ops.ranks import AXES, NAMES


class Words(Choice):
    """One of a few words, which mean themselves where this argument stands."""

    def __init__(self, *names: str):
        super().__init__(*names)
        self.own_words = frozenset(names)

    def describe(self) -> str:
        *first, last = (f"`{name}`" for name in self.names)
        return f"{', '.join(first)} or {last}"


class SomeWords(Kind[str | None]):
    """The same, or none."""

    def __init__(self, *names: str):
        self.words = Words(*names)
        self.own_words = frozenset(names)

    def describe(self) -> str:
        return f"none, {self.words.describe()}"

    def convert(self, value: object) -> str | None:
        if value is not None and value not in self.words.names:
            raise self.mismatch(value)
        return None if value is None else self.words.convert(value)


class Like(Extents):
    """A shape, or a tensor that has it."""

    def describe(self) -> str:
        return f"a tensor, {super().describe()}"

    def of_tensor(self, shape: Shape) -> Shape:
        return shape


class Size(Window):
    """A number for each axis, or a tensor that has them."""

    def describe(self) -> str:
        return f"{NAMES[self.axes]}, {super().describe()}"

    def of_tensor(self, shape: Shape) -> Shape:
        return shape[:-1] or shape


class Axis(ByAxis[str]):
    """An axis by its word; which there are depends on what arrives."""

    def __init__(self, rank: int = 0):
        super().__init__(rank)
        self.own_words = frozenset(self._words())

    def _words(self) -> tuple[str, ...]:
        """All where it is not known what arrives."""
        axes = ("height", "width", "depth", "length") if self.rank == 0 else AXES[self.rank]
        return ("channels", "positions", *axes)

    def describe(self) -> str:
        *first, last = (f"`{name}`" for name in self._words())
        return f"{', '.join(first)} or {last}"

    def convert(self, value: object) -> str:
        if not isinstance(value, str) or value not in self.own_words:
            raise self.mismatch(value)
        return value


AXIS = Axis()
BORDER_MODE = Words("zero", "reflect", "edge")
RESAMPLING = Choice("nearest", "bilinear")
LIKE = Like()
SIZE = Size()
