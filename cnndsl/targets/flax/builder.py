"""The class being written: its names, modules and lines, before anything is printed.

Lines mention names by tokens, so that what is used where is known before names are
settled: `‹b3›` a binding in the constructor, `‹c3›` the same at call time, `‹a3›` an
attribute, `‹l3›` the list that a loop fills, `‹v3›` its item, `‹k3›` a constructor call.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cnndsl.syntax import ast
from cnndsl.targets.flax.emission import Code, Constant
from cnndsl.targets.flax.numbers import Num, Real
from cnndsl.targets.flax.pyexpr import (
    Bin,
    Binding,
    Item,
    Lit,
    Py,
    Ref,
    Scope,
    Tup,
    bindings,
    render,
)
from cnndsl.targets.flax.spelling import Env, Sym, Unspellable

STEPS = frozenset({"+", "-", "*", "/", "//"})

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


class Builder(ABC):
    """Creates names, modules and lines of one class."""

    def __init__(self) -> None:
        self.state = State()
        self.unrolls = False  # writes loops out, where no class of loops could be written
        self.loops: list[Loop] = []  # those being written, the outermost first
        self.called: set[Binding] = set()  # what the call reads, in attempts given up too

    # --- attempts ---------------------------------------------------------------------

    def mark(self) -> tuple:
        s = self.state
        loop = (list(s.loop.slots), list(s.loop.before), s.loop.index) if s.loop else None
        computed = [(b, dict(b.values)) for b in s.bound if b.values is not None]
        sizes = (len(s.attrs), len(s.bound), len(s.built))
        lines = (s.init, list(s.init), s.call, list(s.call))
        names = (s.variables, s.pinned)
        rest = (s.loop, s.overwritten, s.commented, *names, dict(s.helpers), dict(s.folded))
        return sizes, lines, rest, loop, computed

    def rewind(self, mark: tuple) -> None:
        s = self.state
        sizes, lines, rest, loop, computed = mark
        for held, size in zip((s.attrs, s.bound, s.built), sizes, strict=True):
            del held[size:]
        s.init, init, s.call, call = lines
        s.init[:], s.call[:] = init, call
        s.loop, s.overwritten, s.commented, s.variables, s.pinned, s.helpers, s.folded = rest
        if s.loop is not None:
            s.loop.slots[:], s.loop.before[:], s.loop.index = loop
        for binding, values in computed:
            binding.values = values

    # --- names ------------------------------------------------------------------------

    @contextmanager
    def pin(self, *channels: Py | None) -> Iterator[None]:
        """Keeps the variables of some channels as they are while something else is written."""
        before = self.state.pinned
        self.state.pinned = (*before, *(c for c in channels if c is not None))
        try:
            yield
        finally:
            self.state.pinned = before

    def bind(self, name: str, scope: Scope, **facts: Any) -> Binding:
        binding = Binding(name, scope, len(self.state.bound), **facts)
        self.state.bound.append(binding)
        return binding

    def define(self, binding: Binding, expr: Py) -> None:
        """A `let`: a line of the constructor where something uses it."""
        step = None
        if isinstance(expr, Bin) and expr.left == Ref(binding) and expr.op in STEPS:
            step = f"{expr.op}= {self.at_init(expr.right)}"
        self.state.init.append(Definition(binding, self.at_init(expr), step))

    def at_init(self, expr: Py) -> str:
        return render(expr, lambda binding: f"‹b{binding.index}›")

    def at_call(self, expr: Py) -> str:
        for binding in bindings(expr):
            if binding.scope is Scope.FEATURES or (
                binding.scope is Scope.LOCAL and binding.in_loop
            ):
                raise Unspellable(binding.name)
            self.called.add(binding)
        return render(expr, lambda binding: f"‹c{binding.index}›")

    # --- values -----------------------------------------------------------------------

    def text(self, value: Any, at_call: bool = False) -> str:
        """An op's value as a line prints it."""
        if isinstance(value, Code):
            return value.text
        if isinstance(value, Constant):
            return self.module.constant(value)
        expr = self.py(value)
        return self.at_call(expr) if at_call else self.at_init(expr)

    def py(self, value: Any) -> Py:
        if isinstance(value, (Num, Real)):
            return value.py
        if isinstance(value, (tuple, list)):
            items = tuple(map(self.py, value))
            return whole(items) or Tup(items)
        return Lit(value)

    def call_text(self, value: Any) -> str:
        return self.text(value, at_call=True)

    def outermost(self) -> Loop:
        """The loop that no other loop holds."""
        return self.loops[0]

    # --- modules ----------------------------------------------------------------------

    def build(self, built: Built) -> str:
        self.state.built.append(built)
        return f"‹k{len(self.state.built) - 1}›"

    def mentioned(self, lines: list[Line]) -> set[int]:
        """The bindings that lines of the constructor use, through the calls they make."""
        texts: list[Line] = list(lines)
        seen: set[int] = set()
        while new := tokens(texts, "k") - seen:
            seen |= new
            for number in new:
                call = self.state.built[number]
                texts.extend([*call.args, *call.kwargs.values()])
        return tokens(texts, "b")

    def attr(self, path: tuple[str, ...], stem: str, block: bool, weighted: bool = False) -> Attr:
        attr = Attr(len(self.state.attrs), path, stem, block, weighted=weighted)
        attr.arms = self.state.arms
        self.state.attrs.append(attr)
        return attr

    def store(self, attr: Attr, value: str) -> str:
        """Keeps a module on `self`, or in the list that the loop around fills.

        Returns the token by which the call reaches it.
        """
        loop = self.state.loop
        if loop is None:
            self.state.init.append(f"‹a{attr.index}› = {value}")
            return f"‹a{attr.index}›"
        attr.many = True
        self.state.init.append(f"‹l{attr.index}›.append({value})")
        loop.slots.append((attr, value))
        if loop.conditional is None:
            return f"‹v{attr.index}›"
        return self.indexed(attr, loop)

    @abstractmethod
    def indexed(self, attr: Attr, loop: Loop) -> str:
        """A module that only the first iterations have is found by their number."""


def norm_key(built: Built) -> tuple:
    """What makes two normalisations the same partial."""
    return (built.callee, tuple(sorted(built.kwargs.items())))


def whole(items: tuple[Py, ...]) -> Py | None:
    """The pair `kernel` for `(kernel[0], kernel[1])`."""
    if len(items) != 2 or not all(isinstance(item, Item) for item in items):
        return None
    base = items[0].base
    indices = [item.index for item in items]
    if items[1].base != base or indices != [Lit(0), Lit(1)] or not isinstance(base, Ref):
        return None
    held = (base.binding.values or {}).values()
    sized = bool(held) and all(isinstance(v, list) and len(v) == 2 for v in held)
    return base if base.binding.pair or sized else None


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
