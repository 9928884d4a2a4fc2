"""Symbolic tensors: what a module that is interpreted computes with."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.signature import Signature, flag, integer, number
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.library import Operation
from cnndsl.targets.python.values import External, Failure, described


class Token(External):
    """What is only handed on: random numbers, dtypes, types for annotations."""

    is_constant = True

    def __init__(self, name: str):
        self.name = name

    def describe(self) -> str:
        return f"`{self.name}`"


class Rngs(Token):
    """Random numbers, and others that are forked from them."""

    def attribute(self, name: str) -> object:
        if name != "fork":
            raise Failure(f"{self.describe()} takes no attribute `{name}`")
        return Operation(".fork", _fork)


def _fork(args: list[object], keywords: dict[str, object]) -> object:
    if args or keywords:
        raise Failure("`.fork` takes no arguments")
    return Rngs("a fork of rngs")


BATCH = Token("the number of images")
RNGS = Rngs("rngs")
DTYPE = Token("dtype")
PARAM_DTYPE = Token("param_dtype")


class Tensor(External):
    """A batch of what `term` describes: shape (N, *term.shape)."""

    __slots__ = ("forms", "term")

    def __init__(self, term: Term, forms: Forms):
        self.term = term
        self.forms = forms

    def describe(self) -> str:
        return f"a tensor (N, {', '.join(map(str, self.term.shape))})"

    def made(self, term: Term) -> Tensor:
        return Tensor(term, self.forms)

    def is_true(self) -> bool:
        raise Failure("a condition on the values of a tensor")

    def attribute(self, name: str) -> object:
        match name:
            case "shape":
                return (BATCH, *self.term.shape)
            case "ndim":
                return 1 + len(self.term.shape)
            case "dtype":
                return DTYPE
            case "mean" | "max" | "sum":
                return Operation(f".{name}", self.reduction(name))
            case "reshape":
                return Operation(".reshape", self.reshape)
            case "astype":
                return Operation(".astype", self.astype)
        return super().attribute(name)

    def reduction(self, name: str) -> Callable[[list[object], dict[str, object]], object]:
        def run(args: list[object], keywords: dict[str, object]) -> object:
            return reduced(name, self, _REDUCE.bound(args, keywords))

        return run

    def reshape(self, args: list[object], keywords: dict[str, object]) -> object:
        """`x.reshape(x.shape[0], -1)`: the batch stays in front."""
        if keywords:
            raise Failure("`.reshape` takes no keywords")
        whole = args[0] if len(args) == 1 else None
        first, *rest = (whole if isinstance(whole, tuple) else tuple(args)) or (None,)
        extents = [integer(extent, "an extent", -1) for extent in rest]
        if first is not BATCH and (first != -1 or -1 in extents):
            raise Failure("a reshape that does not keep the images apart")
        if extents.count(-1) > 1 or not extents:
            raise Failure(f"a reshape to {described(tuple(rest))}")
        if -1 in extents:
            known = prod(extent for extent in extents if extent != -1)
            extents[extents.index(-1)] = prod(self.term.shape) // known if known else 0
        return self.made(self.forms.reshape(self.term, tuple(extents)))

    def astype(self, args: list[object], keywords: dict[str, object]) -> object:
        if keywords or len(args) != 1 or args[0] is not DTYPE:
            raise Failure("a conversion to another dtype")
        return self

    def item(self, index: object) -> object:
        """Slices of axes behind the batch, which has to stay whole."""
        parts = list(index) if isinstance(index, tuple) else [index]
        axes = 1 + len(self.term.shape)
        if ... in parts:
            at = parts.index(...)
            parts[at : at + 1] = [slice(None)] * (axes - len(parts) + 1)
        if len(parts) > axes or not all(isinstance(part, slice) for part in parts):
            raise Failure(f"{described(index)} is no slice of {self.describe()}")
        first, *rest = [part for part in parts if isinstance(part, slice)]
        if first != slice(None):
            raise Failure("a slice of the images")
        spans = []
        for part, extent in zip(rest, self.term.shape, strict=False):
            start, stop, step = part.indices(extent)
            if step < 1:
                raise Failure("a slice that runs backwards")
            spans.append((start, stop, step))
        return self.made(self.forms.slice(self.term, tuple(spans)))

    def binary(self, op: str, other: object, swapped: bool) -> object:
        match op, other:
            case "+" | "*" | "-" | "/", Tensor():
                pair = (other.term, self.term) if swapped else (self.term, other.term)
                return self.made(self.forms.join(_JOINS[op], *pair))
            case "*", int() | float():
                return self.made(self.forms.times(self.term, number(other, "a factor")))
            case "+", int() | float():
                return self.made(self.forms.plus(self.term, number(other, "a term")))
            case "-", int() | float() if not swapped:
                return self.made(self.forms.plus(self.term, -number(other, "a term")))
        raise Failure(f"`{op}` of {self.describe()} and {described(other)}")


_JOINS = {"+": "add", "*": "mul", "-": "sub", "/": "div"}
_REDUCE = Signature(".mean", (), {"axis": None}, {"keepdims": False})


def tensor(value: object, what: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise Failure(f"{what} gets {described(value)}, no tensor")
    return value


def axes_of(value: object, x: Tensor) -> tuple[int, ...]:
    """Axes of a batch as axes of a term: 0 is the first one behind the batch."""
    rank = len(x.term.shape)
    listed = value if isinstance(value, tuple | list) else (value,)
    axes = tuple(integer(axis, "an axis", -rank) for axis in listed)
    behind = tuple(axis - 1 if axis > 0 else rank + axis for axis in axes)
    if 0 in axes or any(axis >= rank for axis in behind):
        raise Failure(f"the axes {described(value)} of {x.describe()}")
    return behind


def reduced(name: str, x: Tensor, given: dict[str, object]) -> Tensor:
    keep = flag(given["keepdims"], "keepdims")
    return x.made(x.forms.reduced(name, x.term, axes_of(given["axis"], x), keep))
