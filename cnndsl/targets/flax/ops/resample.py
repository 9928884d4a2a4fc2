"""Changes of height and width that learn nothing."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    GLOBAL,
    POOL,
    RESHAPE,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    equals,
    for_rank,
    is_one,
    over_positions,
)
from cnndsl.targets.python.expressions import TRUE
from cnndsl.targets.python.tree import Attribute, Call, Expr, Keyword


def _resize(f: Fields, x: Expr, context: Context) -> Emission:
    carried = for_rank("resize", f)
    method = () if equals(f["method"], "bilinear") else (f["method"],)
    return Emission(RESHAPE, applied(carried, f["size"], *method), helpers=(carried,))


def _by_factor(name: str) -> Emitter:
    return lambda f, x, context: Emission(RESHAPE, applied(name, f["factor"]), helpers=(name,))


def _adaptive_avg_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if is_one(f, "size"):
        keywords = (Keyword("axis", over_positions(f, x)), Keyword("keepdims", TRUE))
        return Emission(GLOBAL, lambda x, modules: Call(Attribute(x, "mean"), (), keywords))
    carried = for_rank("adaptive_avg_pool", f)
    return Emission(POOL, applied(carried, f["size"]), helpers=(carried,))


EMITTERS: dict[str, Emitter] = {
    "resize": _resize,
    "pixel_shuffle": _by_factor("pixel_shuffle"),
    "space_to_depth": _by_factor("space_to_depth"),
    "adaptive_avg_pool": _adaptive_avg_pool,
}
