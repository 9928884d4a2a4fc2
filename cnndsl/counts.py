"""Parameters, state and multiply-accumulates: of a layer, a block, a network."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl.ir import Auxiliary, Instance, Layer, Merged, Network, Node
from cnndsl.ops import MERGES
from cnndsl.ops.base import Shape
from cnndsl.ops.weighted import Weighted
from cnndsl.walks import children


@dataclass(frozen=True, slots=True)
class Count:
    """Trainable parameters, those plus state, and multiply-accumulates."""

    params: int = 0
    total: int = 0
    macs: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(self.params + other.params, self.total + other.total, self.macs + other.macs)


def size(shape: Shape) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


def count_layer(layer: Layer) -> Count:
    params = sum(map(size, layer.op.params(layer.x.shape).values()))
    state = sum(map(size, layer.op.state(layer.x.shape).values()))
    if isinstance(layer.op, Weighted) and layer.op.frozen:
        return Count(0, params + state, layer.op.macs(layer.x.shape))
    return Count(params, params + state, layer.op.macs(layer.x.shape))


Counts = dict[tuple[int, Shape, bool], Count]  # of an op, the shape it gets, and whether first


def count(record: Node, known: Counts | None = None) -> Count:
    """All layers below a record; the MACs of auxiliary heads do not count.

    `known` are the counts of layers of the same network.
    """
    params = total = macs = 0
    known = {} if known is None else known
    for part, training in _parts_and_heads(record):
        one = _counted_part(part, known)
        params, total = params + one.params, total + one.total
        macs += 0 if training else one.macs
    return Count(params, total, macs)


def count_once(layer: Layer, known: Counts) -> Count:
    """The figures of a layer; tensors that it shares with one before are counted there."""
    key = id(layer.op), layer.x.shape, layer.first is None
    one = known.get(key)
    if one is None:
        one = count_layer(layer)
        one = known[key] = one if layer.first is None else Count(0, 0, one.macs)
    return one


def _counted_part(part: Layer | Instance | Merged, known: Counts) -> Count:
    if isinstance(part, Layer):
        return count_once(part, known)
    return count_merge(part) if isinstance(part, Merged) else _counted_use(part, known)


def _counted_use(use: Instance, known: Counts) -> Count:
    """What a block has, counted once for all uses that are alike."""
    first = use.like or use
    if first.counts is None:
        every = [_counted_part(part, known) for part in _computing(first)]
        first.counts = sum(every, Count())
    return first.counts


def _computing(record: Node) -> Iterator[Layer | Merged]:
    """All layers and matrix products below a record."""
    stack: list[Node] = [record]
    while stack:
        current = stack.pop()
        if isinstance(current, Layer):
            yield current
            continue
        if isinstance(current, Merged) and multiplies(current):
            yield current
        stack.extend(children(current))


def multiplies(record: Node) -> bool:
    """Whether a record is a matrix product of two tensors."""
    return isinstance(record, Merged) and record.element.name == "matmul"


def has_products(network: Network) -> bool:
    """Whether a network has matrix products of two tensors."""
    return any(isinstance(part, Merged) for part in _computing(network.frame))


def count_merge(record: Merged) -> Count:
    shapes = tuple(branch.out.shape for branch in record.branches)
    return Count(macs=MERGES[record.element.name].macs(shapes))


def _parts_and_heads(record: Node) -> Iterator[tuple[Layer | Instance | Merged, bool]]:
    """All layers, blocks and matrix products below a record, and whether they are of a head."""
    heads: list[Node] = []
    for stack, training in (([record], isinstance(record, Auxiliary)), (heads, True)):
        while stack:
            current = stack.pop()
            if isinstance(current, (Layer, Instance)):
                yield current, training
            elif isinstance(current, Auxiliary) and not training:
                heads.append(current)
            else:
                if isinstance(current, Merged) and multiplies(current):
                    yield current, training
                stack.extend(children(current))


def totals(network: Network) -> Count:
    """All layers of a network, which are counted once."""
    if network.counts is None:
        network.counts = count(network.frame)
    return network.counts
