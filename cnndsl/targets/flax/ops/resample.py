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
)
from cnndsl.targets.python.expressions import TRUE, constant
from cnndsl.targets.python.tree import Attribute, Call, Expr, Keyword


def _resize(f: Fields, x: Expr, context: Context) -> Emission:
    method = () if equals(f["method"], "bilinear") else (f["method"],)
    return Emission(RESHAPE, applied("resize", f["size"], *method), helpers=("resize",))


def _by_factor(name: str) -> Emitter:
    return lambda f, x, context: Emission(RESHAPE, applied(name, f["factor"]), helpers=(name,))


def _adaptive_avg_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if equals(f["size"], (1, 1)):
        keywords = (Keyword("axis", constant((1, 2))), Keyword("keepdims", TRUE))
        return Emission(GLOBAL, lambda x, modules: Call(Attribute(x, "mean"), (), keywords))
    pool = applied("adaptive_avg_pool", f["size"])
    return Emission(POOL, pool, helpers=("adaptive_avg_pool",))


EMITTERS: dict[str, Emitter] = {
    "resize": _resize,
    "pixel_shuffle": _by_factor("pixel_shuffle"),
    "space_to_depth": _by_factor("space_to_depth"),
    "adaptive_avg_pool": _adaptive_avg_pool,
}
