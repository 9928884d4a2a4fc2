"""What holds in a network and is seldom meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from operator import gt

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic
from cnndsl.ir import Layer, Merged, Network, Node, children
from cnndsl.ops.conv import Conv, ConvTranspose, Depthwise
from cnndsl.ops.norm import BatchNorm
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk

_LEAST = 8  # pixels of an image's side, so that its channels can stand nowhere else
_RATHER_NEW = 0.5  # a momentum below it weighs the new batch more than all before


def doubts(network: Network) -> Iterator[Diagnostic]:
    """Warns of a network's image, its layers and its lack of assertions."""
    yield from _image(network)
    nodes = list(_nodes(network))
    uses = Counter(id(node.x) for node in nodes if isinstance(node, Layer))
    uses.update(id(b.out) for node in nodes if isinstance(node, Merged) for b in node.branches)
    uses[id(network.output)] += 1
    for layer in nodes:
        if isinstance(layer, Layer):
            yield from _layer(layer, uses[id(layer.x)] == 1)
    declared = network.declared
    statements = walk(declared.body) if isinstance(declared, ast.Model) else declared.statements
    if not any(isinstance(statement, ast.Expect) for statement in statements):
        yield advice.nothing_expected(declared.name_span, network.name)


def _nodes(network: Network) -> Iterator[Node]:
    """All records of a network, without Python's own stack."""
    waiting: list[Node] = [network.frame]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += children(node)


def _image(network: Network) -> Iterator[Diagnostic]:
    shape = network.input.shape
    first = network.definition.body.statements[0]
    if len(shape) == 3 and isinstance(first, ast.Input):
        depth, height, width = shape
        if depth in (1, 3) and height == width >= _LEAST:
            meant = f"{height}x{width}x{depth}"
            yield advice.channels_first(first.shape.span, f"{depth} x {height} x {width}", meant)


def _layer(layer: Layer, alone: bool) -> Iterator[Diagnostic]:
    """Of one layer; `alone` says that nothing else takes what it takes."""
    op, x, element = layer.op, layer.x, layer.element
    before = x.origin if isinstance(x.origin, Layer) else None
    if isinstance(op, Conv | Depthwise) and any(map(gt, op.kernel, x.shape[:2])):
        kernel, size = (" x ".join(map(str, pair)) for pair in (op.kernel, x.shape[:2]))
        is_torch = isinstance(op, Conv) and len(element.args or ()) > 2
        help = "the channels that arrive are not written: conv(filters, kernel)"
        yield advice.large_kernel(element.span, kernel, size, help if is_torch else None)
    if isinstance(op, BatchNorm) and op.momentum < _RATHER_NEW:
        yield advice.other_momentum(element.span, op.momentum)
    if before is None:
        return
    place = before.element.name_span
    if isinstance(op, BatchNorm) and alone:
        if isinstance(before.op, Conv | Depthwise | ConvTranspose) and before.op.bias:
            yield advice.useless_bias(place, element.name_span)
    elif isinstance(op, Conv) and isinstance(before.op, Conv):
        yield advice.nothing_between(element.name_span, place)
