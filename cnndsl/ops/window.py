"""The arithmetic of windows that slide over a map.

Along one axis, for `n` positions and a window that spans `span = dilation * (k - 1) + 1`:

    same      ceil(n / stride), whatever the window; TensorFlow's SAME
    valid     floor((n - span) / stride) + 1
    causal    ceil(n / stride): all of the padding, span - 1, stands before the first position
    explicit  floor((n + before + after - span) / stride) + 1
"""

from __future__ import annotations

from cnndsl.ops.base import Reject
from cnndsl.ops.spelled import show, sized

Sizes = tuple[int, ...]  # one for each axis of positions: (height, width) of a feature map
Sides = tuple[int, ...]  # before and after each axis: (top, bottom, left, right)
Pad = str | Sides  # "same", "valid", "causal" or the sides


def span(window: Sizes, dilation: Sizes | None = None) -> Sizes:
    """How far a dilated window reaches.

    >>> span((3, 3), (2, 2))
    (5, 5)
    """
    if dilation is None or is_one(dilation):
        return window
    return tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))


def is_one(sizes: Sizes) -> bool:
    """Whether this is 1 along each axis: no stride, no dilation, a window of one position."""
    return all(size == 1 for size in sizes)


def sides(pad: Pad, rank: int) -> Sides:
    """The explicit padding; that of `same` depends on the size and is not counted here."""
    return (0,) * (2 * rank) if isinstance(pad, str) else pad


def by_axis(around: Sides) -> list[tuple[int, int]]:
    """(before, after) of each axis.

    >>> by_axis((0, 1, 2, 3))
    [(0, 1), (2, 3)]
    """
    return list(zip(around[::2], around[1::2], strict=True))


def overhang(extent: int, window: int, stride: int, before: int, after: int) -> int:
    """How far a last window, which begins on the map or before it, reaches behind the padding.

    >>> overhang(112, 3, 2, 0, 0), overhang(111, 3, 2, 0, 0), overhang(4, 2, 3, 1, 1)
    (1, 0, 0)
    """
    rest = (extent + before + after - window) % stride
    start = extent + before + after - window - rest + stride
    return stride - rest if rest and start < extent + before else 0


def margin_of_ceil(window: int, stride: int, after: int) -> int:
    """What behind the padding of a map, of any size, rounds the number of windows up.

    No window begins behind the map, so that none reaches further than `window - 1` positions.

    >>> margin_of_ceil(3, 2, 0), margin_of_ceil(2, 3, 0), margin_of_ceil(2, 2, 1)
    (1, 1, 0)
    """
    return min(stride - 1, window - 1 - after)


def article(number: int) -> str:
    """Of a number read aloud: an 8, an 11, an 18, an 80."""
    digits = show(number)
    return "an" if digits[0] == "8" or digits in ("11", "18") else "a"


def slide(
    size: Sizes,
    window: Sizes,
    stride: Sizes,
    pad: Pad,
    dilation: Sizes | None = None,
    *,
    focus: str,
) -> Sizes:
    """The positions that a window takes on a map of `size`; rejects one that does not fit.

    `focus` is what the op calls its window.

    >>> slide((224, 224), (7, 7), (2, 2), (3, 3, 3, 3), focus="kernel")
    (112, 112)
    >>> slide((4096,), (3,), (2,), "causal", focus="kernel")
    (2048,)
    """
    if pad in ("same", "causal"):
        return tuple((n + step - 1) // step for n, step in zip(size, stride, strict=True))
    around = sides(pad, len(size))
    padded = tuple(
        n + before + after for n, (before, after) in zip(size, by_axis(around), strict=True)
    )
    reach = span(window, dilation)
    if any(r > n for r, n in zip(reach, padded, strict=True)):
        dilated = f", dilated to {sized(reach)}," if reach != window else ""
        larger = f" ({sized(padded)} with the padding)" if any(around) else ""
        shown = f"{article(window[0])} {sized(window)} window{dilated}"
        raise Reject(f"{shown} does not fit into {sized(size)}{larger}", focus)
    return tuple((n - r) // step + 1 for n, r, step in zip(padded, reach, stride, strict=True))
