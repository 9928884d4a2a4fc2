"""The functions and types of Python that a generated module may use, each with what it accepts."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

from cnndsl.targets.python.values import (
    MISSING,
    Budget,
    External,
    Failure,
    key_of,
    listed,
)

Plain = Callable[[list[object], dict[str, object]], object]


class Function(External):
    """A function of Python's own, or of the target's, by its name."""

    is_constant = True

    def __init__(self, name: str, run: Plain):
        self.name = name
        self.run = run

    def describe(self) -> str:
        return f"`{self.name}`"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        return self.run(args, keywords)


class Operation(Function):
    """A method of a value, which it may change."""

    is_constant = False


class Type(Function):
    """A type: a function that `isinstance` knows."""

    def __init__(self, name: str, run: Plain, kind: type):
        super().__init__(name, run)
        self.kind = kind

    def item(self, index: object) -> object:
        return self  # tuple[int, ...]

    def binary(self, op: str, other: object, swapped: bool) -> object:
        return self if op == "|" else super().binary(op, other, swapped)


class Partial(External):
    """`functools.partial` of a callable."""

    def __init__(self, function: External, args: list[object], keywords: dict[str, object]):
        self.function = function
        self.args = args
        self.keywords = keywords

    def describe(self) -> str:
        return f"a partial of {self.function.describe()}"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        return self.function.call([*self.args, *args], {**self.keywords, **keywords})

    def key(self) -> Hashable | None:
        given = key_of((*self.args, *self.keywords.values()))
        function = self.function.key()
        return None if None in (given, function) else (function, given, *self.keywords)


class Static(External):
    """`staticmethod` of a function: what a class holds without making a method of it."""

    def __init__(self, function: External):
        self.function = function

    def describe(self) -> str:
        return f"a static method of {self.function.describe()}"

    def key(self) -> Hashable | None:
        return self.function.key()


class Library(External):
    """A module of which some names are known."""

    is_constant = True

    def __init__(self, name: str, members: dict[str, object]):
        self.name = name
        self.members = members

    def describe(self) -> str:
        return f"`{self.name}`"

    def attribute(self, name: str) -> object:
        if name not in self.members:
            raise Failure(f"`{self.name}` has no `{name}` that a generated module uses")
        return self.members[name]


def partial_of(args: list[object], keywords: dict[str, object]) -> object:
    if not args or not isinstance(args[0], External):
        raise Failure("`partial` takes a callable first")
    return Partial(args[0], args[1:], keywords)


def static_of(args: list[object], keywords: dict[str, object]) -> object:
    if keywords or len(args) != 1 or not isinstance(args[0], External):
        raise Failure("`staticmethod` takes a function")
    return Static(args[0])


def functools_library(budget: Budget) -> Library:
    """`functools`, of which modules call `reduce`."""

    def run(args: list[object], keywords: dict[str, object]) -> object:
        match args:
            case [External() as function, values] if not keywords:
                first, *others = listed(values, budget) or [MISSING]
            case _:
                raise Failure("`reduce` takes a function and what it goes over")
        if first is MISSING:
            raise Failure("`reduce` of nothing")
        for value in others:
            first = function.call([first, value], {})
        return first

    return Library("functools", {"reduce": Function("functools.reduce", run)})


MOST_SORTED = 1_000_000


_MATH: dict[str, tuple[Callable[..., object], int]] = {
    "ceil": (math.ceil, 1),
    "floor": (math.floor, 1),
    "sqrt": (math.sqrt, 1),
    "log2": (math.log2, 1),
    "log": (math.log, 2),
    "exp": (math.exp, 1),
    "gcd": (math.gcd, 8),
    "trunc": (math.trunc, 1),
}
