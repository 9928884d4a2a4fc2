"""The arithmetic of windows that slide over a feature map.

Along one axis, for `n` positions and a window that spans `span = dilation * (k - 1) + 1`:

    same      ceil(n / stride), whatever the window; TensorFlow's SAME
    valid     floor((n - span) / stride) + 1
    explicit  floor((n + before + after - span) / stride) + 1
"""

from __future__ import annotations

from cnndsl.ops.base import Reject, show, sized

Pair = tuple[int, int]  # (height, width)
Sides = tuple[int, int, int, int]  # (top, bottom, left, right)
Pad = str | Sides  # "same", "valid" or the sides

ONE = (1, 1)  # no stride, no dilation


def span(window: Pair, dilation: Pair = ONE) -> Pair:
    """How far a dilated window reaches.

    >>> span((3, 3), (2, 2))
    (5, 5)
    """
    if dilation == ONE:
        return window
    return dilation[0] * (window[0] - 1) + 1, dilation[1] * (window[1] - 1) + 1


def sides(pad: Pad) -> Sides:
    """The explicit padding; that of `same` depends on the size and is not counted here."""
    return (0, 0, 0, 0) if isinstance(pad, str) else pad


def overhang(extent: int, window: int, stride: int, before: int, after: int) -> int:
    """How far a last window, which begins on the map or before it, reaches behind the padding.

    >>> overhang(112, 3, 2, 0, 0), overhang(111, 3, 2, 0, 0), overhang(4, 2, 3, 1, 1)
    (1, 0, 0)
    """
    rest = (extent + before + after - window) % stride
    start = extent + before + after - window - rest + stride
    return stride - rest if rest and start < extent + before else 0


def article(number: int) -> str:
    """Of a number read aloud: an 8, an 11, an 18, an 80."""
    digits = show(number)
    return "an" if digits[0] == "8" or digits in ("11", "18") else "a"


def slide(
    size: Pair, window: Pair, stride: Pair, pad: Pad, dilation: Pair = ONE, *, focus: str
) -> Pair:
    """The positions that a window takes on a map of `size`; rejects one that does not fit.

    `focus` is what the op calls its window.

    >>> slide((224, 224), (7, 7), (2, 2), (3, 3, 3, 3), focus="kernel")
    (112, 112)
    """
    if pad == "same":
        return (size[0] + stride[0] - 1) // stride[0], (size[1] + stride[1] - 1) // stride[1]
    top, bottom, left, right = sides(pad)
    height, width = size[0] + top + bottom, size[1] + left + right
    reach = span(window, dilation)
    if reach[0] > height or reach[1] > width:
        dilated = f", dilated to {sized(reach)}," if reach != window else ""
        padded = f" ({sized((height, width))} with the padding)" if any(sides(pad)) else ""
        shown = f"{article(window[0])} {sized(window)} window{dilated}"
        raise Reject(f"{shown} does not fit into {sized(size)}{padded}", focus)
    return (height - reach[0]) // stride[0] + 1, (width - reach[1]) // stride[1] + 1
