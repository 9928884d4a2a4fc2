"""Words for shapes, and how a map became as small as it is."""

from __future__ import annotations

from collections.abc import Sequence

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
    tensor: Tensor | None = x
    while tensor is not None and tensor.known is not None:
        origin = tensor.origin
        if isinstance(origin, Merged):
            tensor = origin.branches[0].out if origin.branches else None
            continue
        if not isinstance(origin, Layer) or origin.x.known is None:
            break
        if origin.x.shape[:-1] != tensor.shape[:-1] and len(origin.x.shape) > 1:
            line = origin.element.span.line
            steps.append(f"{_size(tensor)} ({origin.op.name}, line {line})")
        tensor = origin.x
    if not steps:
        return ()
    start = _size(tensor) if tensor is not None and tensor.known else "the image"
    listed = [start, *reversed(steps)]
    if len(listed) > 7:
        listed = [*listed[:2], "…", *listed[-4:]]
    return ("how the map became that small: " + " -> ".join(listed),)


def _size(tensor: Tensor) -> str:
    return shape_text(tensor.shape[:-1])
