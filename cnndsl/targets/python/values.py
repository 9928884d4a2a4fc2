"""What expressions of an interpreted module may be, besides Python's own plain values.

Plain values are ints, floats, bools, strings, None, `...`, slices, and tuples, lists, dicts,
ranges and iterators of values. Everything else is an `External`: the interpreter never asks
Python for an attribute of a value, and never calls one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sized

MOST_STEPS = 10_000_000
MOST = 2**63  # magnitude of an integer


class Failure(Exception):
    """What the program does has no meaning for its target, or in Python.

    `statement` is the innermost statement that failed, in Python's words; `functions` are
    those that were running, the innermost first.
    """

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message
        self.statement = ""
        self.functions: list[str] = []

    def __str__(self) -> str:
        where = f"{self.functions[0]}: " if self.functions else ""
        what = f"`{self.statement}`: " if self.statement else ""
        return f"{where}{what}{self.message}"


class Budget:
    """Steps that a program may still take: calls, iterations, and items of lists."""

    def __init__(self, steps: int = MOST_STEPS):
        self.steps = steps
        self.left = steps

    def refill(self) -> None:
        self.left = self.steps

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise Failure("this takes too many steps")


class External:
    """A value that the interpreter knows nothing of: what it does not override is an error."""

    is_base = False  # whether a class may derive from it
    is_constant = False  # whether it always does the same, and never changes

    def describe(self) -> str:
        """In a few words, with its article."""
        return f"a {type(self).__name__.lower()}"

    def attribute(self, name: str) -> object:
        raise Failure(f"{self.describe()} has no attribute `{name}`")

    def assign(self, name: str, value: object) -> None:
        raise Failure(f"{self.describe()} takes no attribute `{name}`")

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        raise Failure(f"{self.describe()} cannot be called")

    def item(self, index: object) -> object:
        raise Failure(f"{self.describe()} has no items")

    def store(self, index: object, value: object) -> None:
        raise Failure(f"{self.describe()} takes no items")

    def items(self) -> list[object]:
        raise Failure(f"{self.describe()} cannot be iterated over")

    def binary(self, op: str, other: object, swapped: bool) -> object:
        """`self op other`; `other op self` where `swapped`."""
        raise Failure(f"`{op}` of {self.describe()}")

    def is_true(self) -> bool:
        return True

    def accept(self, instance: External, name: str, value: object) -> None:
        """Rejects an attribute that an instance of a class derived from this cannot have."""

    def key(self) -> Hashable | None:
        """What equals that of another external only if both will always do the same; None
        where that may change."""
        return self if self.is_constant else None


def key_of(value: object) -> Hashable | None:
    """The same for any value; `True`, `1` and `1.0` are three."""
    if value is None or isinstance(value, bool | int | float | str):
        return (value.__class__, value)
    if isinstance(value, External):
        return value.key()
    if isinstance(value, tuple):
        keys = tuple(map(key_of, value))
        return None if None in keys else keys
    return None


def described(value: object) -> str:
    """A value as a message says it."""
    if isinstance(value, External):
        return value.describe()
    text = repr(value)
    return f"`{text}`" if len(text) <= 60 else f"a {type(value).__name__}"


def is_true(value: object) -> bool:
    return value.is_true() if isinstance(value, External) else bool(value)


def iterable(value: object) -> Iterable[object]:
    """What a `for` goes over."""
    if isinstance(value, list | tuple | range | dict | str | Iterator):
        return value
    if isinstance(value, External):
        return value.items()
    raise Failure(f"{described(value)} cannot be iterated over")


def listed(value: object, budget: Budget) -> list[object]:
    """The items of a value, which count as steps."""
    items = iterable(value)
    if isinstance(items, Sized):
        budget.spend(len(items))
        return list(items)
    found = []
    for item in items:
        budget.spend(1)
        found.append(item)
    return found


class Slot:
    """A place that is not filled: an argument without a default."""


MISSING = Slot()
