"""Creates the names, modules and lines of one class."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cnndsl.targets.flax.draft import Attr, Built, Definition, Line, Loop, State, tokens
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
from cnndsl.targets.flax.spelling import Unspellable

STEPS = frozenset({"+", "-", "*", "/", "//"})


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
