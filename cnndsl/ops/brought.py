"""Layers that an author brings: all that is known of one is what the spec says of it.

`op NAME(parameters) from "module:Class" { … }` makes a class of this kind. Nothing here, and
nothing that checks or compiles a spec, imports the module that it names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Self

from cnndsl.ops.base import REQUIRED, Argument, Kind, Op, Reject, Shape
from cnndsl.ops.kinds import is_number
from cnndsl.ops.row_kinds import MOST_ITEMS

_DEEPEST = 8  # lists inside each other


@dataclass(frozen=True)
class Claim:
    """What a spec says of a layer, for one shape that arrives: the shape of its result, its
    trainable tensors, those that training updates otherwise, and its multiply-accumulates."""

    shape: Shape
    params: tuple[Shape, ...] = ()
    state: tuple[Shape, ...] = ()
    macs: int = 0


Values = Mapping[str, object]  # of parameters, by name
Defaults = Callable[[Values], Values]  # of all parameters, from those that were given
Rule = Callable[[Values, Shape], Claim]  # also from the shape that arrives


class Plain(Kind[object]):
    """What both the language and Python have: numbers, booleans, strings, none, and lists."""

    def describe(self) -> str:
        return "a number, a boolean, a string, none or a list of such"

    def convert(self, value: object) -> object:
        left = MOST_ITEMS

        def frozen(value: object, depth: int) -> object:
            nonlocal left
            if value is None or isinstance(value, bool | str) or is_number(value):
                return value
            left -= len(value) if isinstance(value, list | tuple) else 0
            if not isinstance(value, list | tuple) or not depth or left < 0:
                raise self.mismatch(value)
            return tuple([frozen(item, depth - 1) for item in value])

        return frozen(value, _DEEPEST)


PLAIN = Plain()
_REQUIRED, _OPTIONAL = Argument(PLAIN, REQUIRED, ""), Argument(PLAIN, None, "")


def parameter(has_default: bool) -> Argument:
    """What is known of a parameter; which default it has, the rule of the op says."""
    return _OPTIONAL if has_default else _REQUIRED


@dataclass(frozen=True)
class Brought(Op):
    """A layer of the author's own Python, with its arguments."""

    parameters: ClassVar[Mapping[str, Argument]]
    written: ClassVar[str]  # the signature as the spec has it
    module: ClassVar[str]  # dotted identifiers
    cls: ClassVar[str]
    defaults: ClassVar[Defaults]
    rule: ClassVar[Rule]

    values: tuple[tuple[str, object], ...]
    _claims: dict[Shape, Claim] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def arguments(cls) -> Mapping[str, Argument]:
        return cls.parameters

    @classmethod
    def required(cls) -> tuple[str, ...]:
        arguments = cls.parameters.items()
        return tuple([name for name, argument in arguments if argument.default is REQUIRED])

    @classmethod
    def signature(cls) -> str:
        return cls.written

    @classmethod
    def make(cls, given: Mapping[str, object], rank: int = 2) -> Self:
        """With a value for every parameter; raises `Reject`."""
        values: dict[str, object] = {}
        for name, value in given.items():
            try:
                values[name] = PLAIN.convert(value)
            except Reject as reject:
                raise Reject(f"`{name}` is {reject.message}", name, reject.help) from None
        return cls(tuple(cls.defaults(values).items()))

    @classmethod
    def origin(cls) -> str:
        """The class, as the spec names it."""
        return f"{cls.module}:{cls.cls}"

    def argument(self, name: str) -> object:
        return dict(self.values)[name]

    def claim(self, x: Shape) -> Claim:
        """What the spec says of the layer for an input of this shape."""
        known = self._claims.get(x)
        if known is None:
            known = self._claims[x] = type(self).rule(dict(self.values), x)
        return known

    def output(self, x: Shape) -> Shape:
        return self.claim(x).shape

    def params(self, x: Shape) -> dict[str, Shape]:
        return _numbered("param", self.claim(x).params)

    def state(self, x: Shape) -> dict[str, Shape]:
        return _numbered("state", self.claim(x).state)

    def macs(self, x: Shape) -> int:
        return self.claim(x).macs

    def sees_everything(self) -> bool:
        return True  # for all that is known of it


def _numbered(stem: str, shapes: tuple[Shape, ...]) -> dict[str, Shape]:
    """A spec says how large tensors are, and not what the class calls them."""
    return {f"{stem}{number}": shape for number, shape in enumerate(shapes, 1)}
