"""Where the positions of a tensor lie in the image: its receptive field and its reduction."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.ir import Tensor
from cnndsl.ops.base import Join, Op, Shape

Pair = tuple[float, float]  # (height, width)

MOST = 2**53  # pixels: more than any image has, whatever strides multiply to


def locate(op: Op, x: Tensor, out: Tensor) -> None:
    """Sets the reach and the jump of an op's result; both shapes are known."""
    if op.ignores_input():
        out.jump = _spread(x, out)
        return
    if op.sees_everything() or op.rearranges():
        before, after = _positions(x.shape), _positions(out.shape)
        out.jump = _spread(x, out)
        scattered = after not in (before, (1, 1))
        out.reach = None if op.sees_everything() or scattered else x.reach
        return
    (height, width), (down, across) = op.field_on(x.shape)
    jump_h, jump_w = x.jump
    out.jump = _bounded(jump_h * down, jump_w * across)
    if x.reach is None:
        out.reach = None
        return
    reach_h, reach_w = x.reach
    out.reach = _bounded(reach_h + (height - 1) * jump_h, reach_w + (width - 1) * jump_w)


def locate_merge(join: Join, branches: Sequence[Tensor], out: Tensor) -> None:
    """The same of a merge. A gate of 1x1xC weighs channels: it has no positions of its own."""
    if join.sees_everything():
        out.jump, out.reach = branches[0].jump, None
        return
    placed = [b for b in branches if b.shape[:-1] == out.shape[:-1]] or branches
    reaches = [b.reach for b in placed if b.reach is not None]
    out.jump = _largest([b.jump for b in placed])
    out.reach = _largest(reaches) if len(reaches) == len(placed) else None


def _spread(x: Tensor, out: Tensor) -> Pair:
    """The jump where the positions of a result cover what those of its input did."""
    (jump_h, jump_w), (old_h, old_w) = x.jump, _positions(x.shape)
    new_h, new_w = _positions(out.shape)
    return _bounded(_over(jump_h * old_h, new_h), _over(jump_w * old_w, new_w))


def _positions(shape: Shape) -> tuple[int, int]:
    """Height and width; a vector has one position, like a map of 1 x 1."""
    return (shape[0], shape[1]) if len(shape) == 3 else (1, 1)


def _over(pixels: float, positions: int) -> float:
    """An integer where it is one, as strides are."""
    whole = isinstance(pixels, int) and pixels % positions == 0
    return pixels // positions if whole else pixels / positions


def _bounded(height: float, width: float) -> Pair:
    return min(height, MOST), min(width, MOST)


def _largest(pairs: Sequence[Pair]) -> Pair:
    heights, widths = zip(*pairs, strict=True)
    return max(heights), max(widths)
