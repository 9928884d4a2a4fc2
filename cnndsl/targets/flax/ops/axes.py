"""Reductions along axes, and what brings shapes together."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    GLOBAL,
    RESHAPE,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    axis,
    equals,
    shape,
)
from cnndsl.targets.python.expressions import TRUE, call
from cnndsl.targets.python.tree import Attribute, Call, Expr, Keyword, Star, Tuple


def _reduction(method: str) -> Emitter:
    def emitter(f: Fields, x: Expr, context: Context) -> Emission:
        def apply(x: Expr, modules: list[Expr]) -> Expr:
            keywords = (Keyword("axis", axis(f, x)), Keyword("keepdims", TRUE))
            return Call(Attribute(x, method), (), keywords)

        return Emission(GLOBAL, apply)

    return emitter


def _expand(f: Fields, x: Expr, context: Context) -> Emission:
    """`like` is the shape of a tensor with its batch, or a shape without it."""
    like = f["like"]
    if isinstance(like, Attribute):
        return Emission(RESHAPE, applied("jnp.broadcast_to", like))
    extents = like.items if isinstance(like, Tuple) else (Star(like),)
    return Emission(
        RESHAPE,
        lambda x, modules: call("jnp.broadcast_to", x, Tuple((shape(x, 0), *extents))),
        atom=True,
    )


def _transpose(f: Fields, x: Expr, context: Context) -> Emission:
    size = () if equals(f["height"], None) else (Tuple((f["height"], f["width"])),)
    return Emission(RESHAPE, applied("transpose", *size), helpers=("transpose",))


EMITTERS: dict[str, Emitter] = {
    "reduce_mean": _reduction("mean"),
    "reduce_max": _reduction("max"),
    "reduce_sum": _reduction("sum"),
    "expand": _expand,
    "transpose": _transpose,
}
