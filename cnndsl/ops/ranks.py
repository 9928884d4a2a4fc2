"""What arrives: positions along so many axes, with channels last, or a vector (features,).

A signal is (length, channels), a feature map (height, width, channels), a clip (depth, height,
width, channels). The rank counts the axes of positions; that of a vector is 0.
"""

from __future__ import annotations

from cnndsl.ops.base import Op, Reject, Shape, rank_of
from cnndsl.ops.spelled import show, sized

NAMES = ("a vector", "a signal", "a feature map", "a clip")
PLURALS = ("vectors", "signals", "feature maps", "clips")
AXES = ((), ("length",), ("height", "width"), ("depth", "height", "width"))
SIZES = ("", "L", "HxW", "DxHxW")  # how one number for each axis is written

MAKE_VECTOR = "put `flatten` or `global_avg_pool` before it"


def keep(rank: int = 2) -> str:
    """How a vector stays what it was before a global pool."""
    ones = "x".join(["1"] * rank)
    return f"keep {NAMES[rank]} before it: `global_avg_pool(keep = true)` gives {ones}xC"


KEEP_MAP = keep()
MAKE_MAP = "make a feature map of it before: `dense(7 * 7 * 64) -> reshape([7, 7, 64])`"


def grid(op: Op, x: Shape) -> tuple[Shape, int]:
    """The sizes and the channels of `x`; rejects what the op does not take."""
    rank = rank_of(x)
    if rank not in op.ranks:
        wanted = taken(op.ranks)
        if rank:
            seen = f"{NAMES[rank]} of {sized(x)}"
            raise Reject(f"`{op.name}` takes {wanted}, not {seen}")
        seen = f"a vector of {show(x[0])}"
        raise Reject(f"`{op.name}` wants {_wanted(op.ranks)}, not {seen}", help=KEEP_MAP)
    return x[:-1], x[-1]


def taken(ranks: tuple[int, ...]) -> str:
    """`signals, feature maps and clips`."""
    *first, last = (PLURALS[rank] for rank in ranks)
    return f"{', '.join(first)} and {last}" if first else last


def _wanted(ranks: tuple[int, ...]) -> str:
    return NAMES[2] if 2 in ranks else NAMES[ranks[0]]


def feature_map(op: Op, x: Shape) -> tuple[int, int, int]:
    """Height, width and channels of `x`, for an op that takes feature maps alone."""
    (height, width), channels = grid(op, x)
    return height, width, channels


def vector(op: str, x: Shape) -> int:
    """The features of `x`; rejects a feature map."""
    if len(x) != 1:
        what = NAMES[rank_of(x)].removeprefix("a ")
        raise Reject(f"`{op}` wants a vector, not a {sized(x)} {what}", help=MAKE_VECTOR)
    return x[0]


def divides(groups: int, channels: int, what: str = "channels") -> None:
    """Rejects groups of unequal size."""
    if channels % groups:
        raise Reject(f"{show(groups)} groups do not divide {show(channels)} {what}", "groups")
