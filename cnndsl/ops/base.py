"""What an op is: arguments with kinds, a shape rule, its tensors and its cost.

Ops know shapes, not Flax. An op is a frozen dataclass whose fields are its arguments,
declared with `arg(kind, default)`. Rules raise `Reject`; they never see spans. All
arithmetic on sizes is plain `+ - * // %`, so that integers which remember their spelling
pass through unchanged.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, Generic, Self, TypeVar

from cnndsl.ops.spelled import Same, seen, show

Normal = TypeVar("Normal")
Normal_co = TypeVar("Normal_co", covariant=True)

Shape = tuple[int, ...]  # (height, width, channels) of a map, (features,) of a vector

ANY = (0, 1, 2, 3)  # vectors, signals, feature maps and clips, by their axes of positions
SPATIAL = (1, 2, 3)
MOST_AXES = 3


def rank_of(shape: Shape) -> int:
    """The axes of positions: all but the channels."""
    return len(shape) - 1


REQUIRED = dataclasses.MISSING

_LAST = ("frozen", "weight")


class Reject(Exception):
    """An argument or a shape that a rule does not accept.

    `focus` is the name of the argument at fault, or None for the tensor that arrived.
    """

    def __init__(self, message: str, focus: str | None = None, help: str | None = None):
        super().__init__(message)
        self.message = message
        self.focus = focus
        self.help = help


class Kind(ABC, Generic[Normal_co]):
    """What an argument may be, and the type of its normal form."""

    own_words: frozenset[str] = frozenset()  # names that mean themselves as this argument

    @abstractmethod
    def convert(self, value: object) -> Normal_co:
        """The normal form. Raises `Reject`, whose message goes on from "`filters` is …"."""

    @abstractmethod
    def describe(self) -> str:
        """In the reader's words: "a positive integer", "a positive integer or HxW"."""

    def of_rank(self, rank: int) -> Kind[Normal_co]:
        """The same for what arrives with so many axes of positions."""
        return self

    def of_tensor(self, shape: Shape) -> Shape | None:
        """What an author would write in place of a tensor of this shape; None: nothing."""
        return None

    def mismatch(self, value: object, help: str | None = None) -> Reject:
        """`a positive integer, not 64.0`."""
        return Reject(f"{self.describe()}, not {seen(value)}", help=help)


@dataclass(frozen=True)
class Argument:
    """What an op says of an argument; `default` is `REQUIRED` where there is none."""

    kind: Kind[object]
    default: object
    doc: str

    def shown(self) -> str:
        """The default as an author would write it."""
        if isinstance(self.default, str) and self.default in self.kind.own_words:
            return self.default
        return show(self.default)


def arg(kind: Kind[Normal], default: object = REQUIRED, doc: str = "") -> Normal:
    """A field of an op. `default` is written as an author would: 1, "same", `Same("window")`.

    The field holds what `kind` converts to, and is so typed.
    """
    return dataclasses.field(metadata={"argument": Argument(kind, default, doc)})


@dataclass(frozen=True)
class Op(ABC):
    """One op with its arguments bound.

    The class docstring has the sections Shape, Params, State, MACs and Source where they
    say something; `cnndsl ops` and docs/ops.md print it.
    """

    name: ClassVar[str]
    ranks: ClassVar[tuple[int, ...]] = ANY  # what it takes

    # How kernels start: He-normal where their output reaches an op that `rectifies`, directly
    # or through such as are `transparent`.
    rectifies: ClassVar[bool] = False
    transparent: ClassVar[bool] = False

    @classmethod
    def arguments(cls) -> Mapping[str, Argument]:
        """The arguments in order of position; those that many ops take stand last."""
        return _arguments(cls)

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """The arguments without a default."""
        return _required(cls)

    @classmethod
    def signature(cls) -> str:
        """`conv(filters, kernel, stride = 1, …)`, as the documentation shows it."""
        parts = []
        for name, argument in cls.arguments().items():
            default = argument.default
            parts.append(name if default is REQUIRED else f"{name} = {argument.shown()}")
        return f"{cls.name}({', '.join(parts)})" if parts else cls.name

    @classmethod
    def make(cls, given: Mapping[str, object], rank: int = 2) -> Self:
        """Converts and checks every argument; missing ones take their defaults.

        One number for all axes becomes one for each of the `rank` axes that arrive. Where nothing
        is known of these (0), of a layer that is an argument, it has any that its author gave it.

        Raises:
          Reject: with the argument's name as `focus`.
        """
        values: dict[str, object] = {}
        for name, argument in cls.arguments().items():
            value = given.get(name, argument.default)
            if isinstance(value, Same):
                values[name] = values[value.argument]
                continue
            if value is REQUIRED:
                raise Reject(f"`{cls.name}` needs `{name}`", focus=name)
            try:
                kind = argument.kind.of_rank(rank) if rank else argument.kind
                values[name] = kind.convert(value)
            except Reject as reject:
                raise Reject(f"`{name}` is {reject.message}", name, reject.help) from None
        return cls(**values)

    def argument(self, name: str) -> object:
        """The normal form of an argument."""
        return getattr(self, name)

    @abstractmethod
    def output(self, x: Shape) -> Shape:
        """The shape of the result for an input of shape `x`; raises `Reject`."""

    def params(self, x: Shape) -> dict[str, Shape]:
        """The trainable tensors, by name, for an input that `output` accepts."""
        return {}

    def state(self, x: Shape) -> dict[str, Shape]:
        """The tensors that training updates without a gradient."""
        return {}

    def macs(self, x: Shape) -> int:
        """Multiply-accumulates of a convolution or a dense layer for one image."""
        return 0

    def field(self, rank: int = 2) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Extent and stride of what one output position sees, along each of its axes."""
        return (1,) * rank, (1,) * rank

    def field_on(self, x: Shape) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """The same on a map of this shape, which decides it for some ops."""
        return self.field(rank_of(x))

    def sets_size(self) -> bool:
        """Whether its arguments alone say how many positions the result has along each axis."""
        return False

    def sees_everything(self) -> bool:
        """Whether each output depends on every position of the input (dense, global pools)."""
        return False

    def ignores_input(self) -> bool:
        """Whether the result has nothing of the input but the number of images."""
        return False

    def rearranges(self) -> bool:
        """Whether the positions of the result are none of the input's (flatten, reshape)."""
        return False


@cache
def _arguments(op: type[Op]) -> Mapping[str, Argument]:
    fields = sorted(dataclasses.fields(op), key=lambda f: f.name in _LAST)
    return {f.name: f.metadata["argument"] for f in fields}


@cache
def _required(op: type[Op]) -> tuple[str, ...]:
    arguments = op.arguments().items()
    return tuple(name for name, argument in arguments if argument.default is REQUIRED)


@dataclass(frozen=True)
class Join(ABC):
    """A merge of the results of several chains: `add`, `concat`, `mul`."""

    name: ClassVar[str]

    @abstractmethod
    def output(self, shapes: tuple[Shape, ...]) -> Shape:
        """Raises `Reject` where the shapes do not fit."""

    def sees_everything(self) -> bool:
        """Whether each output depends on every position of a branch."""
        return False

    def macs(self, shapes: tuple[Shape, ...]) -> int:
        """Multiply-accumulates of a matrix product for one image."""
        return 0


def times(a: int, b: int) -> int:
    """`a * b`, where a literal one leaves the spelling of the other alone."""
    if type(a) is int and a == 1:
        return b
    if type(b) is int and b == 1:
        return a
    return a * b


def takes_tensors(kind: Kind[object]) -> bool:
    """Whether an argument may be a tensor, which stands for its shape."""
    return type(kind).of_tensor is not Kind.of_tensor
