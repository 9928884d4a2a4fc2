"""Which layer of one network is which layer of another."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from cnndsl.weights.layer import Layer

MOST_ROUNDS = 20  # of refinement; a chain settles in one, a network of cells in two or three


@dataclass(frozen=True)
class Pair:
    """`ours` is filled from `theirs`; `by` says why.

    It is the user's mapping; their name, which is ours; the layout of their library; the graph of
    both networks; the shape, which no other layer of its group has; or the order of their numbers.
    """

    ours: Layer
    theirs: Layer
    by: str


@dataclass(frozen=True)
class Matching:
    """Pairs in the order of our layers, and what is left over on both sides.

    Attributes:
      kept: layers of ours that are not to be filled.
      left_out: layers of theirs that are not wanted: a head, or one for training.
      layout: the name of the layout that placed them.
    """

    pairs: tuple[Pair, ...]
    ours: tuple[Layer, ...] = ()
    theirs: tuple[Layer, ...] = ()
    kept: tuple[Layer, ...] = ()
    left_out: tuple[Layer, ...] = ()
    layout: str | None = None

    @property
    def complete(self) -> bool:
        return not self.ours and not self.theirs


def match(ours: Sequence[Layer], theirs: Sequence[Layer]) -> Matching | None:
    """Pairs the layers of two networks by structure; None if they are not built alike.

    The channels at which branches are joined count first. Where one side does not know them, or
    joins in another way, they are left out, and then nothing may be symmetric.
    """
    if any(layer.feeds is None for layer in (*ours, *theirs)):
        return None
    for simplified in (False, True):
        found = by_structure(ours, theirs, simplified)
        if found is not None:
            pairs = tuple(Pair(ours[i], theirs[j], "graph") for i, j in sorted(found.items()))
            return Matching(pairs)
    return None


def by_order(ours: Sequence[Layer], theirs: Sequence[Layer], by: str = "order") -> Matching:
    """Pairs the k-th layer of each kind and shape with the k-th of the other network.

    That is a guess, to show what is missing; or what a user asked for.
    """
    waiting: dict[Hashable, deque[Layer]] = defaultdict(deque)
    for layer in theirs:
        waiting[layer.label].append(layer)
    pairs: list[Pair] = []
    left: list[Layer] = []
    for layer in ours:
        if waiting[layer.label]:
            pairs.append(Pair(layer, waiting[layer.label].popleft(), by))
        else:
            left.append(layer)
    unused = {id(layer) for queue in waiting.values() for layer in queue}
    return Matching(tuple(pairs), tuple(left), tuple(x for x in theirs if id(x) in unused))


def by_structure(
    ours: Sequence[Layer], theirs: Sequence[Layer], simplified: bool = False
) -> dict[int, int] | None:
    """The isomorphism of two graphs of layers, or None if there is none to be found.

    Layers get a color from their kind, from all that leads to them and all that they lead to.
    Where several share a color, their symmetry is broken by the order of execution: the first of
    ours is the first of theirs, and the colors are refined again. A `simplified` graph, without the
    channels at which branches are joined, may look symmetric and not be so: it has no isomorphism.
    """
    graphs = [_Graph(layers, simplified) for layers in (ours, theirs)]
    colors = _refine(graphs, [[layer.label for layer in layers] for layers in (ours, theirs)])
    while colors is not None:
        members: tuple[dict[int, list[int]], ...] = (defaultdict(list), defaultdict(list))
        for side, row in zip(members, colors, strict=True):
            for index, color in enumerate(row):
                side[color].append(index)
        open_colors = [color for color, group in members[0].items() if len(group) > 1]
        if not open_colors:
            return {group[0]: members[1][color][0] for color, group in members[0].items()}
        if simplified:
            return None
        color = min(open_colors, key=lambda c: members[0][c][0])
        colors = _broken(graphs, colors, members[0][color][0], members[1][color])
    return None


class _Graph:
    def __init__(self, layers: Sequence[Layer], simplified: bool):
        self.before: list[list[tuple[int, int]]] = []
        self.after: list[list[tuple[int, int]]] = [[] for _ in layers]
        for index, layer in enumerate(layers):
            edges = {(o, 0 if simplified else start) for o, start in layer.feeds or ()}
            self.before.append(sorted(edges))
            for owner, start in edges:
                if owner >= 0:
                    self.after[owner].append((index, start))


def _broken(
    graphs: Sequence[_Graph], colors: list[list[int]], first: int, candidates: Sequence[int]
) -> list[list[int]] | None:
    """Colors in which `first` of ours is the first candidate that keeps the graphs alike."""
    for candidate in candidates:
        start = [
            [(color, index == chosen) for index, color in enumerate(row)]
            for row, chosen in zip(colors, (first, candidate), strict=True)
        ]
        refined = _refine(graphs, start)
        if refined is not None:
            return refined
    return None


def _refine(
    graphs: Sequence[_Graph], labels: Sequence[Sequence[Hashable]]
) -> list[list[int]] | None:
    """Stable colors of both graphs, the same numbers meaning the same; None if they differ."""
    known = 0
    colors = _numbered(labels)
    for _ in range(MOST_ROUNDS):
        if Counter(colors[0]) != Counter(colors[1]):
            return None
        classes = len(set(colors[0]))
        if classes == known:
            break
        known = classes
        names: dict[Hashable, int] = {}
        colors = _numbered([_both_ways(*row, names) for row in zip(graphs, colors, strict=True)])
    return colors


def _numbered(rows: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    numbers: dict[Hashable, int] = {}
    return [[numbers.setdefault(item, len(numbers)) for item in row] for row in rows]


def _both_ways(
    graph: _Graph, colors: Sequence[int], names: dict[Hashable, int]
) -> list[tuple[int, int]]:
    indices = range(len(colors))
    forward = _swept(graph.before, indices, colors, names)
    return list(zip(forward, _swept(graph.after, indices[::-1], colors, names), strict=True))


def _swept(
    edges: Sequence[Sequence[tuple[int, int]]],
    order: range,
    colors: Sequence[int],
    names: dict[Hashable, int],
) -> list[int]:
    """Colors that also say what lies behind the edges, all the way, in one sweep."""
    swept = [-1] * len(colors)
    for index in order:
        around = sorted((start, swept[o] if o >= 0 else -1) for o, start in edges[index])
        swept[index] = names.setdefault((colors[index], tuple(around)), len(names))
    return swept
