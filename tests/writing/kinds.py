"""What the names of a random spec stand for."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """A list with one value of each of these kinds."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A list of one to three rows, all of these kinds."""

    columns: tuple[str, ...]


# A word stands for single values, as `constant` in expressions.py writes them, and `widths` for a
# list of one to three widths.
Kind = str | Row | Table

WORDS = ("width", "count", "flag", "kernel", "mode")  # most parameters are of these
RARE = ("times", "stride", "pair", "alpha", "rate", "init", "widths")
LATER = ("weight", "start", "init", "weight", "start")  # what a kernel goes through; starts

# Kinds of a block's parameters that are tensors.
TENSOR = "tensor"  # of any size
FITTING = "fitting"  # as high and as wide as what the block receives
MAYBE = "maybe"  # a tensor of any size, or none

LAYER = "layer"  # an op, a block or none: what keeps height and width

UNKNOWN = -1  # a size that nothing is known of


@dataclass(frozen=True)
class Parameter:
    """Of a block or a function; `default` is an expression."""

    name: str
    kind: Kind
    default: str | None = None

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name} = {self.default}"


@dataclass(frozen=True)
class Function:
    """A `fn` that gives a value of `kind`."""

    name: str
    parameters: tuple[Parameter, ...]
    kind: str


@dataclass(frozen=True)
class Block:
    """A block for feature maps that keeps height and width unless it `strides`.

    One of `vectors` takes a vector and gives one.
    """

    name: str
    parameters: tuple[Parameter, ...]
    strides: bool = False
    vectors: bool = False
    uses_none: bool = False  # neither other blocks nor layers that it receives
    headed: bool = True  # of a model: it has a classifier
    ranks: tuple[int, ...] = (2,)  # of what it takes


@dataclass
class Scope:
    """Names that may be used: values by kind, tensors by the number of their size.

    Tensors with one number have one height and width, whatever they are. `maybe` are the
    parameters that are a tensor or none. `size` is that of the flow; None outside of chains.
    """

    values: dict[str, Kind] = field(default_factory=dict)
    tensors: dict[str, int] = field(default_factory=dict)
    maybe: tuple[str, ...] = ()
    size: int | None = None

    def copy(self) -> Scope:
        return Scope(dict(self.values), dict(self.tensors), self.maybe, self.size)

    def of(self, kind: Kind) -> list[str]:
        return [name for name, own in self.values.items() if own == kind]

    def fitting(self) -> list[str]:
        """Tensors as high and as wide as the flow."""
        return [name for name, size in self.tensors.items() if size == self.size]
