"""What the drafts of a class hold besides statements of the tree, while passes work on them."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.targets.python.tree import Assign, Binary, Call, Expr, Name, Pending, Statement


@dataclass(frozen=True, slots=True)
class Line(Assign):
    """One op of a call: what it is on a line of code, and which shapes its result has."""

    roles: frozenset[str] = frozenset()
    shape: int = -1  # number of the shapes, in the draft's table


@dataclass(frozen=True, slots=True)
class Join(Binary):
    """A sum or a product of tensors: no arithmetic that may be folded."""


@dataclass(frozen=True, slots=True)
class Share(Binary):
    """One of equal parts: `x // n` without a remainder, so that `n` of them are `x`."""


@dataclass(frozen=True, slots=True)
class Tally(Call):
    """`sum(…)` or `len(…)` of a tuple, worked out where its items are known."""


@dataclass(frozen=True, slots=True)
class AsPair(Call):
    """`as_pair(…)` of a number or a pair, which is a pair where it is known what it is."""


@dataclass(frozen=True, slots=True)
class Build(Call):
    """A constructor call: `takes` is what it accepts of what constructors hand on;
    `has_tensors`: it makes some, so that it is built whoever calls it."""

    takes: tuple[str, ...] = ()
    has_tensors: bool = True


@dataclass(frozen=True, slots=True)
class Shadow(Pending):
    """Asks for the expression of a value at this place; no statement of the program."""

    key: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Hint(Pending):
    """How the author spells a value that `target` has at this place."""

    target: Name
    value: Expr


@dataclass(frozen=True, slots=True)
class Settle(Pending):
    """What `target` is, by instance: one expression may hold for all of them, of what branches
    left in it, or of `options`; without one it is `other`."""

    target: Name
    values: tuple[tuple[int, int], ...]
    options: tuple[Expr, ...] = ()
    other: Expr | None = None


@dataclass(frozen=True, slots=True)
class Loop(Pending):
    """A loop of constructor or call, whose header is not settled.

    `targets` are the variables for an item of `items`, `counter` counts iterations from 0,
    `walked` are variables for the items of further lists. `count` is the expression that
    gives the number of iterations.
    """

    number: int
    targets: tuple[str, ...]
    items: Expr
    counter: str
    walked: tuple[tuple[str, Expr], ...]
    body: tuple[Step, ...]


Step = Statement
