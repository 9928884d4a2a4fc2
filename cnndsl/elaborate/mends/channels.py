"""Channels where another framework has them: first in a shape, in front of the filters; what flows
as a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate.calls import without
from cnndsl.elaborate.mends.mend import (
    SURE,
    Mend,
    holds,
    parts_of,
    rotated,
    shape_of,
)
from cnndsl.source import Span
from cnndsl.syntax import ast

_LEAST = 8  # pixels of an image's side, so that its channels can stand nowhere else
_LARGEST = 11  # side of a kernel that is likelier than as many filters
FEWEST = {"conv": 2, "conv_transpose": 2, "separable": 2, "depthwise": 1, "dense": 1}
_NORMS = frozenset({"bn", "layer_norm", "instance_norm", "rms_norm", "grn", "prelu"})
_FLOWS = frozenset("x X input_ inputs inp tensor input_tensor feat features feature h net".split())
_OF_ARGUMENTS = ("E105", "E106", "E107", "E205", "E102")
_LONGER = 16  # times that a signal with its channels first is longer than they are many
_ONE = "one image is described, without the number of them"
_LAST = "the channels stand last, behind height and width"
_ARRIVE = "the channels that arrive are not written"


def images(nodes: Iterable[ast.Node]) -> Iterator[Mend]:
    """`input [3, 224, 224]`, and `input [1, 224, 224, 3]` with the images of a batch."""
    for node in nodes:
        if not isinstance(node, ast.Input) or not isinstance(node.shape, ast.List):
            continue
        parts = parts_of(node.shape)
        if len(parts) == 4 and _is_batch(parts[0]):
            is_first = _is_few(parts[1]) and not _is_few(parts[3])
            text = rotated(parts[1:]) if is_first else shape_of(parts[1:])
            yield Mend(SURE, (Fix(node.shape.span, text),), _ONE)
            continue
        if len(parts) == 2 and parts[0] == parts[1]:
            why = "an image has channels, behind height and width"
            for channels in ("3", "1"):
                whole = [*parts, channels]
                text = "x".join(whole) if node.shape.size else shape_of(whole)
                yield Mend(SURE, (Fix(node.shape.span, text),), why)
        is_signal = len(parts) == 2 and parts[0].isdigit() and parts[1].isdigit()
        if is_signal and int(parts[0]) * _LONGER <= int(parts[1]):
            fix = Fix(node.shape.span, f"{parts[1]}x{parts[0]}")
            yield Mend(SURE, (fix,), "a signal is its length, then its channels", reveals=True)
        if len(parts) == 3 and _is_few(parts[0]) and not _is_few(parts[2]):
            fix = Fix(node.shape.span, rotated(parts))
            evident = evidently_turned(node) is not None
            yield Mend(SURE, (fix,), _LAST, reveals=evident)
            if evident:  # and all that is asserted of it
                turned = (Fix(each.span, rotated(parts_of(each))) for each in _turned(nodes))
                yield Mend(SURE, (fix, *turned), _LAST, reveals=True)


def evidently_turned(image: ast.Input) -> list[str] | None:
    """The parts of `[3, 224, 224]`, an image that is as high as wide behind its channels."""
    parts = parts_of(image.shape) if isinstance(image.shape, ast.List) else []
    if len(parts) != 3 or parts[0] not in ("1", "3") or parts[1] != parts[2]:
        return None
    return parts if parts[1].isdigit() and int(parts[1]) >= _LEAST else None


def _is_batch(part: str) -> bool:
    """Whether an axis in front of an image's is that of a batch, and not of a clip."""
    return (
        part == "1" or re.fullmatch(r"n|b|bs|none|null|batch\w*", part, re.IGNORECASE) is not None
    )


def _is_few(part: str) -> bool:
    return part in ("1", "3", "4") or re.fullmatch(r"c|ch|chans?|\w*channels?\w*", part) is not None


def turned(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`reshape([1024, 4, 4])`: all of them at once."""
    lists = [
        argument.value
        for node in nodes
        if isinstance(node, ast.Apply) and node.name == "reshape"
        for argument in node.args or ()
    ]
    fixes = [
        Fix(each.span, rotated(parts_of(each)))
        for each in lists
        if isinstance(each, ast.List) and _is_turned(each)
    ]
    yield Mend(SURE, tuple(fixes), _LAST)


def assertions(nodes: Iterable[ast.Node]) -> Iterator[Mend]:
    """`: [64, 56, 56]`: all shapes that are asserted so."""
    shapes = asserted_shapes(nodes)
    fixes = [Fix(shape.span, rotated(parts_of(shape))) for shape in _turned(nodes)]
    yield Mend(SURE, tuple(fixes), _LAST)
    batches = [shape for shape in shapes if len(parts_of(shape)) in (2, 4)]
    fixes = []
    for shape in batches:
        parts = parts_of(shape)[1:]
        is_first = len(parts) == 3 and parts[1] == parts[2] != parts[0]
        text = parts[0] if len(parts) == 1 else rotated(parts) if is_first else shape_of(parts)
        fixes.append(Fix(shape.span, text))
        yield Mend(SURE, (fixes[-1],), _ONE)
    yield Mend(SURE, tuple(fixes), _ONE)


def asserted_shapes(nodes: Iterable[ast.Node]) -> list[ast.List]:
    """The shapes that are asserted of tensors."""
    shapes: list[ast.List] = []
    for node in nodes:
        match node:
            case ast.Run(shape=ast.List() as shape) | ast.Bind(shape=ast.List() as shape):
                shapes.append(shape)
            case ast.Stage(shape=ast.List() as shape):
                shapes.append(shape)
            case ast.Expect(what="output", value=ast.List() as shape):
                shapes.append(shape)
    return shapes


def _turned(nodes: Iterable[ast.Node]) -> list[ast.List]:
    return [shape for shape in asserted_shapes(nodes) if _is_turned(shape)]


def _is_turned(shape: ast.List) -> bool:
    parts = parts_of(shape)
    return len(parts) == 3 and parts[1] == parts[2] != parts[0]


def leading(nodes: Sequence[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`conv(3, 64, 3x3)` and `layer_norm(64)`: in all calls, or in that with the mistake."""
    found: list[Fix] = []
    for node in nodes:
        if isinstance(node, ast.Apply) and (fix := _without_channels(node)):
            found.append(fix)
            if first.primary and holds(node.span, first.primary.span):
                yield Mend(SURE, (fix,), _ARRIVE, reveals=first.code in ("E106", "E107"))
    all_of_them = [
        fix
        for node in nodes
        if isinstance(node, ast.Apply) and (fix := _without_channels(node, is_sure=False))
    ]
    if found and len(all_of_them) > len(found):
        yield Mend(SURE, tuple(all_of_them), _ARRIVE)
    yield Mend(SURE, tuple(found), _ARRIVE)


def _without_channels(call: ast.Apply, *, is_sure: bool = True) -> Fix | None:
    """A call without the number that its first argument is, where more are left than it needs.

    Whether a small second one is a kernel is not sure: LeNet's convolutions have 6 filters.
    """
    args = call.args or ()
    if not args or args[0].name is not None or not _is_number(args[0].value):
        return None
    names = {argument.name for argument in args}
    places = sum(argument.name is None for argument in args)
    needed = FEWEST.get(call.name)
    if needed is None:
        return without(args, 0, call.span) if call.name in _NORMS else None
    held = places + ("kernel" in names) + ("kernel_size" in names)
    if held <= needed or (is_sure and needed == 2 and _is_kernel(args[1].value)):
        return None
    return without(args, 0, call.span)


def _is_kernel(value: ast.Expr) -> bool:
    """Whether a second argument looks like a kernel, and the first one like filters then."""
    if isinstance(value, ast.Literal):
        return isinstance(value.value, int) and value.value <= _LARGEST
    return isinstance(value, ast.List) or re.match(r"k|size|window", value.span.text) is not None


def _is_number(value: ast.Expr) -> bool:
    """Whether an expression may be a number of channels."""
    if isinstance(value, ast.List):
        return False
    return not isinstance(value, ast.Literal) or isinstance(value.value, int)


def flowing(nodes: Iterable[ast.Node], first: Diagnostic) -> Iterator[Mend]:
    """`block unit(x, filters)`: what flows is no parameter, and is called `in`."""
    for block in nodes:
        if first.code not in _OF_ARGUMENTS or not isinstance(block, ast.Block):
            continue
        head = block.parameters[:1]
        if not head or head[0].name not in _FLOWS or head[0].default is not None:
            continue
        if f"`{block.name}`" not in first.message:
            continue
        span, source = head[0].span, block.span.source
        end = block.parameters[1].span.start if len(block.parameters) > 1 else span.end
        brace = source.text.find("{", end) + 1
        if not brace or not block.body.statements:
            continue
        start = block.body.statements[0].span.start
        lead = source.text[brace:start]
        space = lead if "\n" in lead else "\n  "
        fixes = (
            Fix(Span(source, span.start, end), ""),
            Fix(Span(source, brace, brace), f"{space}{span.text} = in"),
        )
        yield Mend(
            SURE,
            fixes,
            f"what flows into a block is no parameter: begin it with {span.text} = in",
            reveals=True,
        )
