"""Windows over a map: their paddings in numbers, and how many of them fit."""

from __future__ import annotations

from cnndsl.targets.flax.terms import Shape, Sides, Unfit

Pair = tuple[int, int]
Padding = str | Sides  # "SAME", "VALID" or the sides

NO_SIDES: Sides = ((0, 0), (0, 0))


def resolved(padding: Padding, size: Pair, reach: Pair, stride: Pair) -> Sides:
    """The padding around a map of `size` in numbers, for windows that span `reach`."""
    if padding == "VALID":
        return NO_SIDES
    if not isinstance(padding, str):
        return padding
    return _same(size[0], reach[0], stride[0]), _same(size[1], reach[1], stride[1])


def _same(extent: int, reach: int, step: int) -> Pair:
    missing = max((-(-extent // step) - 1) * step + reach - extent, 0)
    return missing // 2, missing - missing // 2


def stretched(padding: Padding, kernel: Pair, stride: Pair) -> Sides:
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
    return sides[0], sides[1]


def slid(size: Pair, reach: Pair, stride: Pair, sides: Sides) -> Pair:
    (top, bottom), (left, right) = sides
    height = (size[0] + top + bottom - reach[0]) // stride[0] + 1
    width = (size[1] + left + right - reach[1]) // stride[1] + 1
    if height < 1 or width < 1:
        raise Unfit(f"a window over {sized(reach)} does not fit into {sized(size)}")
    return height, width


def sized(shape: Shape) -> str:
    return " x ".join(map(str, shape))
