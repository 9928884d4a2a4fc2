"""Which padding or stride of one layer would make an asserted shape true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnndsl.diagnostics import Fix
from cnndsl.ir import Layer, Tensor
from cnndsl.ops.base import Op, Reject, Shape
from cnndsl.ops.conv import Conv, Depthwise, Separable
from cnndsl.ops.pool import AvgPool, MaxPool
from cnndsl.source import Span
from cnndsl.syntax import ast

_MOST = 12  # windows back: what is asserted is said of what stands in front of it
_STRIDES = (1, 2, 4)
_WORDS = ("same", "valid")
_Windowed = Conv | Depthwise | Separable | MaxPool | AvgPool


@dataclass(frozen=True)
class _Change:
    """An argument of a layer that is another one, and the op with it; low ranks are likely."""

    rank: int
    layer: Layer
    name: str
    text: str
    op: Op


def reshaped(tensor: Tensor, wanted: Shape, asserted: Span) -> Fix | None:
    """The edit of the last layers in front of an assertion that gives the `wanted` shape.

    A `pad` by name is likelier than a number, and that than another stride; of two layers the
    later one is. None where one change does not do it.
    """
    layers = _before(tensor, asserted)
    changes = [change for layer in layers for change in _changes(layer)]
    for change in sorted(changes, key=lambda change: change.rank):
        if _gives(layers, change) == wanted and (fix := _edit(change)):
            return fix
    return None


def _before(tensor: Tensor, asserted: Span) -> list[Layer]:
    """The layers that lead to a tensor one after the other, the last one first."""
    found: list[Layer] = []
    origin, windows = tensor.origin, 0
    while isinstance(origin, Layer) and windows < _MOST:
        span = origin.element.span
        if span.source is not asserted.source or origin.x.known is None:
            break
        found.append(origin)
        windows += isinstance(origin.op, _Windowed)
        origin = origin.x.origin
    return found


def _changes(layer: Layer) -> Iterator[_Change]:
    """Other paddings and strides of a layer."""
    op = layer.op
    if not isinstance(op, _Windowed):
        return
    window = op.window if isinstance(op, MaxPool | AvgPool) else op.kernel
    for pad in _WORDS:
        if op.pad != pad:
            yield _Change(0, layer, "pad", pad, replace(op, pad=pad))
    if len(set(window)) == 1 and window[0] % 2:
        for side in range(1, window[0] // 2 + 1):
            around = (side,) * (2 * len(window))
            if op.pad != around:
                padded = replace(op, pad=around)
                yield _Change(1, layer, "pad", str(side), padded)
    for stride in _STRIDES:
        if op.stride != (stride,) * len(window):
            strided = replace(op, stride=(stride,) * len(window))
            yield _Change(2, layer, "stride", str(stride), strided)


def _gives(layers: list[Layer], change: _Change) -> Shape | None:
    """What comes out of the layers with a change of one element, wherever it runs."""
    shape = layers[-1].x.shape
    for layer in reversed(layers):
        try:
            is_changed = layer.element is change.layer.element
            shape = (change.op if is_changed else layer.op).output(shape)
        except Reject:
            return None
    return shape


def _edit(change: _Change) -> Fix | None:
    """The call with that argument, where it has none or a literal one."""
    element, names = change.layer.element, list(change.layer.op.arguments())
    args = element.args or ()
    for argument, place in zip(args, names, strict=False):
        if (argument.name or place) == change.name:
            value = argument.value
            is_plain = isinstance(value, ast.Literal) or value.span.text in _WORDS
            return Fix(value.span, change.text) if is_plain else None
    if not args:
        return None
    end = args[-1].span.end
    return Fix(Span(element.span.source, end, end), f", {change.name} = {change.text}")
