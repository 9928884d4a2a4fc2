"""The emitted program as a tree: the few kinds of node that a generated module is made of.

Nodes are frozen and compare by value. What no node says cannot be printed, so a module
does nothing that its tree does not say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import EllipsisType
from typing import NamedTuple

# --- expressions ----------------------------------------------------------------------


class Part:
    """An expression of any kind. It never changes: what is asked of it often is kept."""

    __slots__ = ("facts",)

    facts: Facts


class Facts(NamedTuple):
    """What an expression reads, and how large it is."""

    names: frozenset[str]
    attributes: frozenset[str]  # of `self`
    size: int  # nodes


@dataclass(frozen=True, slots=True)
class Name(Part):
    id: str


@dataclass(frozen=True, slots=True)
class Constant(Part):
    """An int, float, bool, string, None or `...`; never a tuple. Compares with its type:
    `True`, `1` and `1.0` are three constants."""

    value: int | float | bool | str | EllipsisType | None
    grouped: bool = False  # digits in groups of three: 11_689_512
    kind: str = field(init=False, default="", repr=False)  # the name of the value's type

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", type(self.value).__name__)


@dataclass(frozen=True, slots=True)
class Attribute(Part):
    base: Expr
    name: str


@dataclass(frozen=True, slots=True)
class Item(Part):
    """`base[index]`; several indices are a `Tuple`, each may be a `Slice`."""

    base: Expr
    index: Expr


@dataclass(frozen=True, slots=True)
class Slice(Part):
    """`start:stop:step` inside an `Item`."""

    start: Expr | None = None
    stop: Expr | None = None
    step: Expr | None = None


@dataclass(frozen=True, slots=True)
class Tuple(Part):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class ListOf(Part):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Dict(Part):
    """`{key: value, …}`; `**value` where a key is None."""

    items: tuple[tuple[Expr | None, Expr], ...]


@dataclass(frozen=True, slots=True)
class Star(Part):
    """`*value` in a call, a list or a tuple."""

    value: Expr


@dataclass(frozen=True, slots=True)
class Keyword:
    """`name=value` of a call; `**value` where `name` is None."""

    name: str | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Part):
    function: Expr
    args: tuple[Expr, ...] = ()
    keywords: tuple[Keyword, ...] = ()


@dataclass(frozen=True, slots=True)
class Unary(Part):
    op: str  # "-", "+" or "not"
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Part):
    """Arithmetic, comparisons (never chained), `and`, `or`, and `|` of types and dicts."""

    op: str  # + - * / // % ** == != < <= > >= is "is not" in "not in" and or |
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Part):
    """`then if test else other`."""

    then: Expr
    test: Expr
    other: Expr


@dataclass(frozen=True, slots=True)
class Comprehension(Part):
    """One `for` and no `if`. `kind` is "generator", "list" or "dict"; of a dict, `key` is set."""

    kind: str
    element: Expr
    target: Expr
    iterable: Expr
    key: Expr | None = None


@dataclass(frozen=True, slots=True)
class Formatted(Part):
    """An f-string: texts and expressions in order, `f"layer{i + 1}"`."""

    parts: tuple[str | Expr, ...]


Simple = Name | Constant | Attribute | Item | Slice | Tuple | ListOf | Dict | Star
Expr = Simple | Call | Unary | Binary | Conditional | Comprehension | Formatted


# --- statements -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Assign:
    """`a = b = value`; `comment` stands behind the line, without its `#`. A single name or
    attribute may have its type: `self.units: nnx.List[Unit] = nnx.List()`."""

    targets: tuple[Expr, ...]
    value: Expr
    comment: str = ""
    annotation: Expr | None = None


@dataclass(frozen=True, slots=True)
class Augment:
    """`target += value`; `op` is the operator without its `=`."""

    target: Expr
    op: str
    value: Expr


@dataclass(frozen=True, slots=True)
class Declare:
    """`name: annotation`, or `name: annotation = value` in the body of a class."""

    name: str
    annotation: Expr
    value: Expr | None = None


@dataclass(frozen=True, slots=True)
class Do:
    """An expression for its effect: `self.units.append(…)`."""

    value: Expr


@dataclass(frozen=True, slots=True)
class If:
    """An `elif` is an `If` alone in `other`."""

    test: Expr
    body: tuple[Statement, ...]
    other: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    target: Expr
    iterable: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Return:
    value: Expr


@dataclass(frozen=True, slots=True)
class Pass:
    pass


@dataclass(frozen=True, slots=True)
class Blank:
    """An empty line between statements."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Lines of comment of their own, without their `#`s."""

    text: str


@dataclass(frozen=True, slots=True)
class Pending:
    """What passes over a draft still replace; no statement of a program."""


Statement = Assign | Augment | Declare | Do | If | For | Return | Pass | Blank | Remark | Pending
