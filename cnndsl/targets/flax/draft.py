"""A class while it is written: its lines, its modules, and all that an attempt can take back.

Lines mention names by tokens, so that what is used where is known before names are
settled: `‹b3›` a binding in the constructor, `‹c3›` the same at call time, `‹a3›` an
attribute, `‹l3›` the list that a loop fills, `‹v3›` its item, `‹k3›` a constructor call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cnndsl.syntax import ast
from cnndsl.targets.flax.pyexpr import Binding, Py
from cnndsl.targets.flax.spelling import Env, Sym

TOKEN = re.compile(r"‹([abcklv])(\d+)›")


@dataclass
class Suite:
    """A header such as `if stride != 1:` and the lines under it."""

    header: str
    body: list[Line]


@dataclass
class Definition:
    """A `let` in the constructor; it goes where nothing uses it."""

    binding: Binding
    text: str
    step: str | None = None  # `done += 1`


@dataclass
class Carry:
    """Channels kept in variables of the constructor; those that nothing reads go.

    `step` is the text of an augmented assignment, `features += growth`.
    """

    bound: list[Binding]
    texts: list[str]
    step: str | None = None


@dataclass
class Branching:
    """`if … elif … else …`: the condition of each arm, its negation, its lines."""

    conditions: list[str | None]
    negated: list[str | None]
    bodies: list[list[Line]]


@dataclass
class Blank:
    """An empty line between the stages of a call."""


Line = str | Suite | Definition | Carry | Branching | Blank


@dataclass
class Attr:
    """A submodule or a list of them. `path` are the stage and the bindings around it."""

    index: int
    path: tuple[str, ...]
    stem: str
    block: bool  # an instance of a block, or a list of instances
    many: bool = False
    weighted: bool = False
    name: str = ""
    local: bool = False  # a list that another list takes
    item: str = ""  # the loop variable that walks it
    same_as: Attr | None = None  # after two loops became one
    holds: Attr | None = None  # of a list of lists: the inner ones
    arms: tuple[tuple[int, int], ...] = ()  # the branches of `if`s that it stands in


@dataclass
class Built:
    """A constructor call of a layer or a block, with texts that may hold tokens."""

    callee: str
    args: list[str]
    kwargs: dict[str, str]
    takes: tuple[str, ...]
    stem: str
    alias: str | None = None  # the block through which another one is built


@dataclass
class Loop:
    """A loop being written: the lists that it fills and what its call needs of it."""

    targets: list[Binding]
    items: Py | None  # None for a repetition
    depth: int
    slots: list[tuple[Attr, str]] = field(default_factory=list)
    before: list[Line] = field(default_factory=list)
    index: Binding | None = None  # counts the iterations from 0, where the call asks for it
    element: tuple[Py, Binding] | None = None  # `for i, depth in enumerate(depths)`
    element_used: bool = False
    firsts: list[bool] | None = None  # which of the records are first iterations
    conditional: list[bool] | None = None  # inside an `if` of the loop: who takes it
    within: set[str] = field(default_factory=set)  # names of the loops inside
    statement: ast.For | None = None
    env: Env | None = None  # where the body's names go
    known: dict[str, Sym] = field(default_factory=dict)  # the values with names before the loop

    def names(self) -> list[Binding]:
        """What the headers of the loop bind."""
        return [*self.targets, *([self.index] if self.index is not None else [])]


@dataclass
class State:
    """All that lowering changes, so that an attempt can be taken back."""

    attrs: list[Attr] = field(default_factory=list)
    bound: list[Binding] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    init: list[Line] = field(default_factory=list)
    call: list[Line] = field(default_factory=list)
    loop: Loop | None = None
    overwritten: bool = False
    commented: tuple | None = None
    variables: tuple[str, ...] = ()  # of the call, in use
    pinned: tuple[Py, ...] = ()  # channels that are read once more after what is being written
    folded: dict[Binding, None] = field(default_factory=dict)  # decided by the compiler
    arms: tuple[tuple[int, int], ...] = ()
    branches: int = 0
    carried: dict[int, set[int]] = field(default_factory=dict)  # live variables of a Carry
    spatial: bool = False  # a literal came from a height or a width
    cx: tuple[int, ...] = ()  # the instance of every record that is being lowered


def norm_key(built: Built) -> tuple:
    """What makes two normalisations the same partial."""
    return (built.callee, tuple(sorted(built.kwargs.items())))


def flat(lines: list[Line]) -> Iterator[Line]:
    """All lines with the headers above them, whatever they stand in."""
    for line in lines:
        match line:
            case Suite():
                yield line.header
                yield from flat(line.body)
            case Branching():
                yield from (text for text in line.conditions if text)
                for body in line.bodies:
                    yield from flat(body)
            case Blank():
                pass
            case _:
                yield line


def tokens(lines: Iterable[Line], kinds: str) -> set[int]:
    """The indices of the tokens of some kinds that lines mention, on either side of a `=`."""
    found: set[int] = set()
    for line in flat(list(lines)):
        match line:
            case Definition():
                texts = [line.text]
            case Carry():
                texts = line.texts
            case _:
                texts = [line]
        for text in texts:
            found.update(int(number) for kind, number in TOKEN.findall(text) if kind in kinds)
    return found
