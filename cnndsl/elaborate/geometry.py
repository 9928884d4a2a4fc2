"""Where the positions of a tensor lie in the image: its receptive field and its reduction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import mul

from cnndsl.ir import Tensor
from cnndsl.ops.base import Join, Op, Shape, rank_of

Pixels = tuple[float, ...]  # along each axis: (height, width)

MOST = 2**53  # pixels: more than any image has, whatever strides multiply to


def locate(op: Op, x: Tensor, out: Tensor, like: Tensor | None = None) -> None:
    """Sets the reach and the jump of an op's result; both shapes are known.

    `like` is a tensor whose size the result has.
    """
    _measure_axes(x)
    out.image = x.image
    _see(op, x, out)
    if like is not None:
        _measure_axes(like)
        out.jump = like.jump
    elif op.sets_size():
        out.jump = _laid(x, out)


def _see(op: Op, x: Tensor, out: Tensor) -> None:
    """Sets both as the op's window and stride have it."""
    if op.ignores_input():
        out.jump = _spread(x, out)
        out.reach = (1,) * len(out.jump)
        return
    if op.sees_everything() or op.rearranges():
        before = _positions(x.shape, len(x.jump))
        after = _positions(out.shape, len(x.jump))
        out.jump = _spread(x, out)
        scattered = after != before and any(n != 1 for n in after)
        out.reach = None
        if x.reach is not None and not (op.sees_everything() or scattered):
            out.reach = _along(x.reach, len(out.jump))
        return
    if rank_of(x.shape) == 0:
        out.jump, out.reach = x.jump, x.reach
        return
    extent, stride = op.field_on(x.shape)
    if max(extent) == max(stride) == 1:
        out.jump, out.reach = x.jump, x.reach
        return
    out.jump = _bounded(map(mul, x.jump, stride))
    if x.reach is None:
        out.reach = None
        return
    seen = zip(x.reach, extent, x.jump, strict=True)
    out.reach = _bounded(reach + (n - 1) * jump for reach, n, jump in seen)


def locate_merge(join: Join, branches: Sequence[Tensor], out: Tensor) -> None:
    """The same of a merge. A gate of 1x1xC weighs channels: it has no positions of its own."""
    for branch in branches:
        _measure_axes(branch)
    if join.sees_everything():
        out.jump, out.reach = branches[0].jump, None
        return
    placed = [b for b in branches if b.shape[:-1] == out.shape[:-1]] or branches
    reaches = [b.reach for b in placed if b.reach is not None]
    out.jump = _largest([b.jump for b in placed])
    out.image = placed[0].image
    out.reach = _largest(reaches) if len(reaches) == len(placed) else None


def _spread(x: Tensor, out: Tensor) -> Pixels:
    """The jump where the positions of a result cover what those of its input did."""
    before = _positions(x.shape, len(x.jump))
    after = _positions(out.shape, len(x.jump))
    covered = [jump * n for jump, n in zip(x.jump, before, strict=True)]
    if len(after) != len(covered):  # other axes than those of the input
        covered = [max(covered)] * len(after)
    return _bounded(map(_over, covered, after))


def _laid(x: Tensor, out: Tensor) -> Pixels:
    """The jump of a map whose size is given: where what arrives stands for the whole image, a whole
    number of its pixels is meant, whatever strides that do not divide it have left over.
    """
    spread = _spread(x, out)
    if not rank_of(x.shape) == len(x.image) == len(spread):
        return spread
    return tuple(
        pixels // n if pixels % n == 0 and _is_whole(x, axis) else jump
        for axis, (pixels, n, jump) in enumerate(zip(x.image, out.shape[:-1], spread, strict=True))
    )


def _is_whole(x: Tensor, axis: int) -> bool:
    """Whether a map stands for all of the image along an axis and for nothing around it, but for
    what a stride leaves over.
    """
    pixels, jump, positions = x.image[axis], x.jump[axis], x.shape[axis]
    seen = pixels if x.reach is None else x.reach[axis] + (positions - 1) * jump
    return seen + jump > pixels > (positions - 1) * jump


def _measure_axes(x: Tensor) -> None:
    """Gives what stands for a tensor, behind a mistake, a reach and a jump along each axis."""
    axes = rank_of(x.shape)
    if axes and len(x.jump) != axes:
        x.jump = _along(x.jump, axes)
        x.reach = None if x.reach is None else _along(x.reach, axes)


def _along(pixels: Pixels, axes: int) -> Pixels:
    """A reach or a jump along so many axes, which may be others than those of the image."""
    return pixels if len(pixels) == axes else (max(pixels),) * axes


def _positions(shape: Shape, rank: int) -> tuple[int, ...]:
    """Height and width; a vector has one position, like a map of 1 x 1."""
    return shape[:-1] or (1,) * rank


def _over(pixels: float, positions: int) -> float:
    """An integer where it is one, as strides are."""
    whole = isinstance(pixels, int) and pixels % positions == 0
    return pixels // positions if whole else pixels / positions


def _bounded(pixels: Iterable[float]) -> Pixels:
    return tuple(min(each, MOST) for each in pixels)


def _largest(each: Sequence[Pixels]) -> Pixels:
    """The largest along each axis; vectors may come from signals, from maps and from clips."""
    axes = max(map(len, each))
    return tuple(map(max, zip(*(_along(pixels, axes) for pixels in each), strict=True)))
