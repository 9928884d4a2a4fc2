"""Words for shapes, and how a map became as small as it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnndsl.ir import Layer, Merged, Tensor


def shape_text(shape: Sequence[object] | int | None) -> str:
    """`56 x 56 x 256`, or `1000` for a vector."""
    if shape is None:
        return "unknown"
    if isinstance(shape, int):
        return str(shape)
    return " x ".join(str(size) for size in shape)


def how_small(x: Tensor) -> tuple[str, ...]:
    """The sizes that led to a map, from the image on: a note for windows that do not fit."""
    if x.known is None or len(x.shape) == 1:
        return ()
    steps: list[str] = []
    start = x
    for layer in _behind(x):
        if layer.x.shape[:-1] != layer.out.shape[:-1] and len(layer.x.shape) > 1:
            line = layer.element.span.line
            steps.append(f"{_size(layer.out)} ({layer.op.name}, line {line})")
        start = layer.x
    if not steps:
        return ()
    listed = [_size(start), *reversed(steps)]
    if len(listed) > 7:
        listed = [*listed[:2], "…", *listed[-4:]]
    return ("how the map became that small: " + " -> ".join(listed),)


def never_a_map(x: Tensor) -> bool:
    """Whether a vector comes from one that the network is given."""
    vectors = [x, *(layer.x for layer in _behind(x))]
    return vectors[-1].origin is None and all(len(each.shape) == 1 for each in vectors)


def _behind(x: Tensor) -> Iterator[Layer]:
    """The layers that led to a tensor, the last first, as far as shapes are known."""
    tensor: Tensor | None = x
    while tensor is not None and tensor.known is not None:
        origin = tensor.origin
        if isinstance(origin, Merged):
            tensor = origin.branches[0].out if origin.branches else None
            continue
        if not isinstance(origin, Layer) or origin.x.known is None:
            return
        yield origin
        tensor = origin.x


def _size(tensor: Tensor) -> str:
    return shape_text(tensor.shape[:-1])
