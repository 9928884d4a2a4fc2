"""A random spec as far as it is written: its choices and names, and what is known of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from tests.writing.kinds import UNKNOWN, Block, Function, Scope

DEEPEST = 4  # bodies in each other
AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class Draft:
    """Every choice comes from `random`, so that hypothesis can make a spec smaller.

    `later` is whether it is of the whole language, with what came to it later; without it, a
    seed gives the spec that it always gave. `ranks` are those of the tensors for which what is
    written is right: of signals 1, of feature maps 2, of clips 3.
    """

    def __init__(self, random: Random, later: bool = False):
        self.random = random
        self.later = later
        self.ranks: tuple[int, ...] = (2,)
        self.written: Counter[str] = Counter()  # constructs by name
        self.functions: list[Function] = []
        self.blocks: list[Block] = []
        self.models: list[Block] = []  # that are elements: they keep height and width
        self.packing: list[tuple[str, str, tuple[int, ...]]] = []  # blocks of packs, what they give
        self.sizes = 0
        self.begin("fn", 0)

    # --- definitions ------------------------------------------------------------------

    def begin(self, definition: str, budget: int) -> None:
        """Forgets the last definition; `budget` is in elements."""
        self.definition = definition  # fn, block or model
        self.budget = budget
        self.scope = Scope() if definition == "fn" else Scope(tensors={"in": 0}, size=0)
        self.names: set[str] = set()
        self.locked: frozenset[str] = frozenset()  # may not be bound anew
        self.strides = definition == "model"  # whether height and width may change
        self.flat = definition == "model"  # whether a stage may stand here
        self.endpoints = definition == "model"  # whether `as` names an endpoint
        self.numbered = False  # whether such a name gets a number
        self.repeats = 0  # loops and repetitions around
        self.depth = 0

    # --- choices ----------------------------------------------------------------------

    def chance(self, part: float) -> bool:
        return self.random.random() < part

    def number(self, least: int, most: int) -> int:
        return self.random.randint(least, most)

    def pick(self, *options: str) -> str:
        return self.random.choice(options)

    # --- ranks ------------------------------------------------------------------------

    @property
    def maps(self) -> bool:
        """Whether nothing but feature maps arrives."""
        return self.ranks == (2,)

    @property
    def rank(self) -> int:
        """That of what arrives; 0 where there are several."""
        return self.ranks[0] if len(self.ranks) == 1 else 0

    def takes(self, block: Block) -> bool:
        """Whether a block takes what arrives."""
        return set(self.ranks) <= set(block.ranks)

    def axes(self) -> tuple[str, ...]:
        """The axes that every tensor has."""
        first, *others = (AXES[rank] for rank in self.ranks)
        return tuple(axis for axis in first if all(axis in other for other in others))

    def extents(self, tensor: str, last: str = "") -> str:
        """The list of the sizes of a tensor, all of one rank, and perhaps one more number."""
        sizes = [f"{tensor}.{axis}" for axis in self.axes()]
        return f"[{', '.join([*sizes, *([last] if last else [])])}]"

    # --- names ------------------------------------------------------------------------

    def fresh(self, *stems: str) -> str:
        """A name that this definition does not have yet."""
        stem = self.random.choice(stems)
        name, number = stem, 1
        while name in self.names:
            number += 1
            name = f"{stem}_{number}"
        self.names.add(name)
        return name

    def nests(self) -> bool:
        """Whether there is room for another body."""
        return self.depth < DEEPEST and self.budget > 0

    # --- what is known ----------------------------------------------------------------

    def resize(self) -> int:
        """The flow gets a height and width of which nothing is known."""
        self.sizes += 1
        self.scope.size = self.sizes
        return self.sizes

    @contextmanager
    def lock(self, *texts: str) -> Iterator[None]:
        """The names in these expressions mean the same to the end of the body."""
        before = self.locked
        self.locked = before.union(*(re.findall(r"[A-Za-z_]\w*", text) for text in texts))
        yield
        self.locked = before

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """What is written keeps the flow's height and width."""
        before, self.strides = self.strides, False
        yield
        self.strides = before

    @contextmanager
    def inside(self, *, strides: bool, repeats: bool) -> Iterator[None]:
        """A body that shares the scope and may run several times or not at all.

        What it names is gone afterwards; what it binds anew stays if it is of the same kind.
        """
        may, before = self.strides, self.scope
        self.strides = may and strides
        self.repeats += repeats
        self.scope = inner = before.copy()
        if self.strides and repeats:  # the second round may find other sizes
            inner.tensors = dict.fromkeys(before.tensors, UNKNOWN)
        numbered, self.numbered = self.numbered, self.numbered or (repeats and self.endpoints)
        yield
        self.strides, self.scope, self.numbered = may, before, numbered
        self.repeats -= repeats
        before.values = {n: k for n, k in before.values.items() if inner.values.get(n) == k}
        for name, size in before.tensors.items():
            if inner.tensors.get(name) != size:
                before.tensors[name] = UNKNOWN
        if inner.size != before.size:
            self.resize()

    @contextmanager
    def own_scope(self) -> Iterator[None]:
        """A group: what it names or binds anew ends with it, the flow goes on."""
        before, flat = self.scope, self.flat
        self.scope, self.flat = before.copy(), False
        yield
        size = self.scope.size
        self.scope, self.flat = before, flat
        self.scope.size = size

    @contextmanager
    def other_rank(self, rank: int, name: str) -> Iterator[None]:
        """A group whose flow has other axes, as the tensor of this name has alone."""
        before, ranks = self.scope, self.ranks
        kept = {n: kind for n, kind in before.values.items() if kind in ("width", "count", "flag")}
        with self.own_scope():
            self.scope, self.ranks = Scope(kept, {name: before.size or 0}, (), before.size), (rank,)
            yield
            self.scope, self.ranks = before, ranks

    @contextmanager
    def branch(self) -> Iterator[None]:
        """A chain beside the flow, which stays where it is."""
        size = self.scope.size
        yield
        self.scope.size = size
