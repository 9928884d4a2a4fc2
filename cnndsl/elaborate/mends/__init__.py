"""Edits that may be what an author of a spec with mistakes of shape meant, the likelier first.

Each is a guess by its kind: channels in the order of another framework, a stride in every
repetition, a pool that moves by its own size. `mending.py` tries them, and tells the one that makes
the spec right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.mends import (
    arguments,
    channels,
    dense,
    flow,
    layers,
    names,
    numbers,
    order,
    shapes,
    sizes,
)
from cnndsl.elaborate.mends.mend import LIKELY, POSSIBLE, SURE, Mend
from cnndsl.elaborate.program import Program
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

__all__ = ["LIKELY", "POSSIBLE", "SURE", "Mend", "mends"]


def mends(
    program: Program, mistakes: Sequence[Diagnostic], every: Sequence[Diagnostic]
) -> list[Mend]:
    """What may have been meant, each edit once, the likelier first: of mistakes without an edit,
    among `every` one that there is.
    """
    first = mistakes[0]
    nodes = [node for each in program.spec.definitions for node in walk(each)]
    found: dict[tuple[tuple[int, int, str], ...], Mend] = {}
    for mend in sorted(
        _all(program.spec, nodes, first, mistakes, every), key=lambda mend: mend.rank
    ):
        key = tuple((fix.span.start, fix.span.end, fix.text) for fix in mend.fixes)
        if mend.fixes:
            found.setdefault(key, mend)
    return list(found.values())


def _all(
    spec: ast.Spec,
    nodes: Sequence[ast.Node],
    first: Diagnostic,
    mistakes: Sequence[Diagnostic],
    every: Sequence[Diagnostic],
) -> Iterator[Mend]:
    yield from channels.images(nodes)
    yield from channels.leading(nodes, first)
    yield from channels.turned(nodes, first)
    yield from channels.assertions(nodes)
    yield from channels.flowing(nodes, first)
    yield from flow.declared(nodes, first)
    yield from flow.unmoved(nodes, first)
    yield from arguments.ordered(nodes, first)
    yield from arguments.dilated(nodes, first)
    yield from names.unseen(nodes, first)
    yield from names.classes(nodes, first)
    yield from names.quoted(nodes, first)
    yield from dense.squeezed(nodes, first)
    yield from dense.vectors(nodes, first)
    yield from dense.pointwise(nodes, first)
    yield from dense.at_positions(nodes, first)
    yield from sizes.resized(nodes, first)
    yield from sizes.unpadded(nodes, first)
    yield from order.flattened(nodes, first)
    yield from order.otherwise(nodes, first)
    yield from order.counted_from_one(nodes, first)
    yield from order.at_least_one(nodes, first)
    yield from order.common_groups(nodes, first)
    yield from order.widened(nodes, first)
    yield from order.beside(nodes, first)
    yield from sizes.backwards(nodes, first)
    yield from sizes.upwards(nodes, first)
    yield from sizes.behind_pools(nodes, first)
    yield from layers.repetitions(nodes)
    yield from layers.braces(spec)
    yield from layers.pools(nodes, first)
    yield from numbers.defaults(nodes, first)
    yield from numbers.gates(nodes, first)
    yield from numbers.numbers(nodes, first)
    yield from layers.turns(nodes, first)
    yield from layers.inputs(nodes, first)
    yield from layers.names(nodes, first)
    yield from layers.exchanged(nodes, first)
    yield from layers.merges(nodes, first)
    yield from sizes.unless_changed(nodes, first)
    yield from sizes.enlarged(first)
    yield from numbers.quotients(nodes, first)
    yield from numbers.whole(nodes, first)
    yield from layers.windows(nodes, first)
    yield from numbers.sides(nodes, first)
    yield from sizes.kept(nodes, first)
    yield from sizes.cropped(first)
    yield from sizes.lateral(nodes, first)
    yield from shapes.ranked(nodes, mistakes)
    yield from shapes.asserted(nodes, first, every)
