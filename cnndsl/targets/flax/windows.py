"""Windows over a map: their paddings in numbers, and how many of them fit."""

from __future__ import annotations

from cnndsl.targets.flax.terms import Shape, Sides, Unfit

Sizes = tuple[int, ...]  # along each axis of positions
Padding = str | Sides  # "SAME", "VALID", "CAUSAL" or the sides


def no_sides(rank: int) -> Sides:
    return ((0, 0),) * rank


def resolved(padding: Padding, size: Sizes, reach: Sizes, stride: Sizes) -> Sides:
    """The padding around a map of `size` in numbers, for windows that span `reach`."""
    if padding == "VALID":
        return no_sides(len(size))
    if padding == "CAUSAL":
        if len(size) != 1:
            raise Unfit("a causal padding of what is no signal")
        return tuple((span - 1, 0) for span in reach)
    if not isinstance(padding, str):
        return padding
    return tuple(map(_same, size, reach, stride))


def _same(extent: int, reach: int, step: int) -> tuple[int, int]:
    missing = max((-(-extent // step) - 1) * step + reach - extent, 0)
    return missing // 2, missing - missing // 2


def stretched(padding: Padding, kernel: Sizes, stride: Sizes) -> Sides:
    """lax's paddings of a transposed convolution in numbers."""
    if not isinstance(padding, str):
        return padding
    sides = []
    for k, s in zip(kernel, stride, strict=True):
        if padding == "VALID":
            whole, before = k + s - 2 + max(k - s, 0), k - 1
        else:
            whole = k + s - 2
            before = k - 1 if s > k - 1 else -(-whole // 2)
        sides.append((before, whole - before))
    return tuple(sides)


def reached(size: Sizes, reach: Sizes, stride: Sizes, sides: Sides) -> Sides:
    """The padding without what stands behind the last window of each axis."""
    return tuple(
        (before, after - min(after, (n + before + after - r) % step))
        for n, r, step, (before, after) in zip(size, reach, stride, sides, strict=True)
    )


def slid(size: Sizes, reach: Sizes, stride: Sizes, sides: Sides) -> Sizes:
    if not len(size) == len(reach) == len(stride) == len(sides):
        raise Unfit(f"a window over {sized(reach)} on {sized(size)}")
    counts = tuple(
        (n + before + after - r) // step + 1
        for n, r, step, (before, after) in zip(size, reach, stride, sides, strict=True)
    )
    if min(counts) < 1:
        raise Unfit(f"a window over {sized(reach)} does not fit into {sized(size)}")
    return counts


def sized(shape: Shape) -> str:
    return " x ".join(map(str, shape))
