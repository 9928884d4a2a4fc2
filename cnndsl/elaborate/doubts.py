"""What holds in a network and is seldom meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import gt
from typing import get_args

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.calls import says_channels, without
from cnndsl.elaborate.forms import lonely, lost, one_tensor, repeats
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reshaped_calls import left_out, without_bias
from cnndsl.elaborate.reuse import shares
from cnndsl.elaborate.unused import Ignored
from cnndsl.fixes import corrected
from cnndsl.ir import Instance, Layer, Merged, Network, Node
from cnndsl.ops.base import MOST_AXES, Shape, rank_of
from cnndsl.ops.conv import Conv, ConvTranspose, Depthwise, Separable
from cnndsl.ops.dense import Dense
from cnndsl.ops.noise import Dropout, DropPath
from cnndsl.ops.norm import BatchNorm
from cnndsl.ops.pool import AvgPool, MaxPool
from cnndsl.ops.scale import LayerScale
from cnndsl.ops.spelled import show, sized
from cnndsl.ops.window import by_axis, is_one, sides
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.walks import children

_HUGE = 16  # a kernel of so many rows, with channels in front, is a number of filters
_LEAST = 8  # pixels of an image's side, so that its channels can stand nowhere else
_LONG = 64  # positions of a signal, which has seldom fewer, and seldom so many channels
_FEW = 16  # one pixel of more than that, left out at the end of a map, is no loss
_LINES = ((), ("positions",), ("rows", "columns"), ("slices", "rows", "columns"))
_Windowed = Conv | Depthwise | Separable | MaxPool | AvgPool
_Biased = Conv | Depthwise | Separable | ConvTranspose | Dense
_DOUBTED = {*get_args(_Windowed), BatchNorm, ConvTranspose, Dropout, DropPath, LayerScale}
_APPLIED = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}
_GROUPS = 4  # where a convolution has its groups
_RATHER_NEW = 0.5  # a momentum below it weighs the new batch more than all before


def doubts(network: Network) -> Iterator[Diagnostic]:
    """Warns of a network's image and its layers."""
    yield from _image(network)
    uses: Counter[int] = Counter()
    layers: list[Layer] = []
    for node in _nodes(network):
        if isinstance(node, Layer):
            uses[id(node.x)] += 1
            if type(node.op) in _DOUBTED:
                layers.append(node)
            if node.out is network.output and network.recipe:
                yield from _last(node, network.recipe.loss.name)
        elif isinstance(node, Merged):
            uses.update([id(branch.out) for branch in node.branches])
        elif isinstance(node, Instance) and shares(node):
            uses[id(node.x)] += 1
    uses[id(network.output)] += 1
    for layer in layers:
        yield from _layer(layer, uses[id(layer.x)] == 1)


def unasserted(networks: Sequence[Network]) -> Iterator[Diagnostic]:
    """Warns of those that assert nothing, where others of the file do."""
    asserting = [_asserts(network.declared) for network in networks]
    for network, asserts in zip(networks, asserting, strict=True):
        if any(asserting) and not asserts:
            yield advice.nothing_expected(network.declared.name_span, network.name)


def evident(program: Program) -> Iterator[Diagnostic]:
    """Warns of what is seldom meant, whatever else is wrong: a count that is of the last element of
    a chain alone, a merge of one branch.
    """
    for repeat, name, fix in repeats(program.spec):
        yield advice.repeats_one(repeat.span, name, fix)
    for merge, with_here in lonely(program.spec):
        yield advice.one_branch(merge.name_span, merge.name, with_here)
    for choice, fix in lost(program.spec):
        yield advice.lost_identity(choice.branches[0][0].span, fix)
    for merge, other in one_tensor(program.spec):
        yield advice.one_tensor(merge.name_span, merge.name, other)


def beside(program: Program, mistakes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The mistakes of a spec, and what is evident in lines without one."""
    lines = {each.primary.span.line for each in mistakes if each.primary}
    ignored = Ignored(program.spec.source)
    of_sizes = any(each.code.startswith(("E2", "E3")) for each in mistakes)
    told = [*(_turned(program) if of_sizes else ()), *evident(program)]
    advised = [each for each in told if each not in ignored]
    return [
        *mistakes,
        *(each for each in advised if each.primary and each.primary.span.line not in lines),
    ]


def _turned(program: Program) -> Iterator[Diagnostic]:
    """Warns of images with their channels first, of which mistakes of sizes may follow."""
    from cnndsl.elaborate.mends.channels import evidently_turned  # only mistakes ask for it

    models = [each for each in program.spec.definitions if isinstance(each, ast.Model)]
    for node in (each for model in models for each in model.body.statements):
        if isinstance(node, ast.Input) and (parts := evidently_turned(node)):
            shape = tuple(map(int, parts))
            meant = "x".join([*parts[1:], parts[0]])
            yield advice.channels_first(node.shape.span, sized(shape), meant)


def _asserts(declared: ast.Model | ast.Variant) -> bool:
    statements = walk(declared.body) if isinstance(declared, ast.Model) else declared.statements
    return any(isinstance(statement, ast.Expect) for statement in statements)


def _nodes(network: Network) -> Iterator[Node]:
    """All records of a network, without Python's own stack; what uses of a block share, once for
    all networks.
    """
    waiting: list[Node] = [network.frame]
    while waiting:
        node = waiting.pop()
        yield node
        if not (isinstance(node, Instance) and shares(node)):
            waiting += children(node)


def _image(network: Network) -> Iterator[Diagnostic]:
    shape = network.input.shape
    first = network.definition.body.statements[0]
    if not isinstance(first, ast.Input) or len(shape) == 1:
        return
    channels, *rest = shape
    span, seen, meant = first.shape.span, sized(shape), "x".join(map(show, (*rest, channels)))
    match rest:
        case [height, width] if channels in (1, 3) and height == width >= _LEAST:
            yield advice.channels_first(span, seen, meant)
        case [height, width, colours] if channels == 1 and colours in (1, 3) and height >= _LEAST:
            message = f"{seen} is a clip one image deep"
            yield advice.other_input(span, message, f"{height}x{width}x{colours}")
        case [_, height, width] if channels in (1, 3) and height == width >= _LEAST:
            yield advice.channels_first(span, seen, meant, "a clip")
        case [length] if channels in (1, 2, 3) and length >= _LONG:
            yield advice.channels_first(span, seen, meant, "a signal")
        case [size] if size == channels >= _LEAST:
            message = f"{seen} is a signal of as many positions as channels"
            yield advice.other_input(span, message, f"{size}x{size}x1")


def _layer(layer: Layer, alone: bool) -> Iterator[Diagnostic]:
    """Of one layer; `alone` says that nothing else takes what it takes."""
    op, x, element = layer.op, layer.x, layer.element
    before = x.origin if isinstance(x.origin, Layer) else None
    args = element.args or ()
    is_torch = says_channels(layer)
    # A clip is often fewer frames deep than a kernel, which then sees all of them.
    exceeds = all if rank_of(x.shape) == MOST_AXES else any
    is_large = isinstance(op, Conv | Depthwise) and exceeds(map(gt, op.kernel, x.shape[:-1]))
    if isinstance(op, Conv | Depthwise) and (is_large or (is_torch and op.kernel[0] >= _HUGE)):
        kernel, size = (" x ".join(map(str, pair)) for pair in (op.kernel, x.shape[:-1]))
        fix = without(args, 0, element.span) if is_torch else None
        help = f"the channels that arrive are not written: {corrected(fix)}" if fix else None
        yield advice.large_kernel(element.span, kernel, size, help, fix)
    if isinstance(op, Conv) and _by_place(args) > _GROUPS and op.groups > 1:
        yield advice.groups_by_place(*_named(op, args))
    counts = isinstance(op, LayerScale) and op.init == x.shape[-1] > 1
    if counts and args and args[0].name is None and (gone := without(args, 0, element.span)):
        yield advice.channels_by_place(args[0].span, gone)
    if isinstance(op, _Windowed):
        yield from _skipped(op, x.shape, element)
    if isinstance(op, Dropout | DropPath) and op.rate == 0 and _is_literal(element):
        yield advice.no_dropout(element.span, op.name)
    if isinstance(op, BatchNorm) and op.momentum < _RATHER_NEW:
        yield advice.other_momentum(element.span, op.momentum)
    if before is None:
        return
    place = before.element.name_span
    if isinstance(op, BatchNorm) and alone:
        if isinstance(before.op, _Biased) and before.op.bias:
            yield advice.useless_bias(
                place, element.name_span, without_bias(before.element, before.op)
            )
    elif isinstance(op, Conv) and isinstance(before.op, Conv):
        yield advice.nothing_between(element.name_span, place)


def _last(layer: Layer, loss: str) -> Iterator[Diagnostic]:
    """Of the layer whose result a loss takes."""
    span, name = layer.element.span, layer.op.name
    if _APPLIED.get(loss) == name:
        yield advice.applied_twice(span, name, loss, left_out(span))


def _named(op: Conv, args: tuple[ast.Argument, ...]) -> tuple[Span, str, Fix]:
    """What the fifth argument of a convolution may be, which keeps the size of maps, and that."""
    pads = () if isinstance(op.pad, str) else by_axis(sides(op.pad, len(op.kernel)))
    around = {pad for pair in pads for pad in pair}
    kept = {(size - 1) // 2 * op.groups for size in op.kernel}
    meant = "dilation" if around == kept and _by_place(args) == _GROUPS + 1 else "groups"
    late = [argument for argument in args[_GROUPS:] if argument.name is None]
    names = [meant, *list(op.arguments())[_GROUPS + 1 :]]
    said = [f"{name} = {argument.span.text}" for name, argument in zip(names, late, strict=False)]
    return late[0].span, meant, Fix(late[0].span.to(late[-1].span), ", ".join(said))


def _by_place(args: tuple[ast.Argument, ...]) -> int:
    """How many arguments stand without a name."""
    return sum(argument.name is None for argument in args)


def _skipped(op: _Windowed, shape: Shape, element: ast.Apply) -> Iterator[Diagnostic]:
    """Warns of pixels that no window sees; those that a 1x1 window leaves out are meant."""
    extent, _ = op.field_on(shape)
    pairs = zip(extent, op.stride, strict=True)
    if any(1 < size < stride for size, stride in pairs):
        message = f"windows of {sized(extent)}, {sized(op.stride)} apart, skip what is between them"
        yield advice.skipped_pixels(element.span, message)
        return
    size = shape[:-1]
    pad = op.pad_on(size) if isinstance(op, MaxPool | AvgPool) else op.pad
    if pad in ("same", "causal") or is_one(extent):
        return
    lost = [
        max(0, (n + before + after - window) % stride - after) if stride >= window > 1 else 0
        for n, (before, after), window, stride in zip(
            size, by_axis(sides(pad, len(size))), extent, op.stride, strict=True
        )
    ]
    seen = [
        f"{count} of {n} {what}"
        for count, n, what in zip(lost, size, _LINES[len(size)], strict=True)
        if count * _FEW >= n
    ]
    if seen:
        message = f"{' and '.join(seen)} at the end of the map are in no window"
        yield advice.skipped_pixels(element.span, message, "with pad = same, windows reach them")


def _is_literal(element: ast.Apply) -> bool:
    """Whether the only argument is written out."""
    return [type(argument.value) for argument in element.args or ()] == [ast.Literal]
