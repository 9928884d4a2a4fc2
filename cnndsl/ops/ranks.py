"""What arrived: a feature map (height, width, channels) or a vector (features,)."""

from __future__ import annotations

from cnndsl.ops.base import Reject, Shape, show, sized

KEEP_MAP = "keep a feature map before it: `global_avg_pool(keep = true)` gives 1x1xC"
MAKE_VECTOR = "put `flatten` or `global_avg_pool` before it"


def feature_map(op: str, x: Shape) -> tuple[int, int, int]:
    """Height, width and channels of `x`; rejects a vector."""
    if len(x) != 3:
        raise Reject(f"`{op}` wants a feature map, not a vector of {show(x[0])}", help=KEEP_MAP)
    return x


def vector(op: str, x: Shape) -> int:
    """The features of `x`; rejects a feature map."""
    if len(x) != 1:
        raise Reject(f"`{op}` wants a vector, not a {sized(x)} feature map", help=MAKE_VECTOR)
    return x[0]


def divides(groups: int, channels: int, what: str = "channels") -> None:
    """Rejects groups of unequal size."""
    if channels % groups:
        raise Reject(f"{show(groups)} groups do not divide {show(channels)} {what}", "groups")
