"""Tensors that statements make: learned ones, and fixed ones."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    RESHAPE,
    Built,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    equals,
    layer,
)
from cnndsl.targets.python.tree import Constant, Expr


def _param(f: Fields, x: Expr, context: Context) -> Emission:
    """The emission of a learned tensor, which always has an initialiser."""
    assert context.initializer is not None
    built = Built("param", "Parameter", (f["shape"], context.initializer))
    return layer(RESHAPE, built, "parameter")


def _constant(f: Fields, x: Expr, context: Context) -> Emission:
    """Lists are a constant of the module, under the author's name."""
    if isinstance(f["values"], Constant) or not equals(f["shape"], None):
        return Emission(RESHAPE, applied("fixed", f["values"], f["shape"]), helpers=("fixed",))
    values = context.constant("values", f["values"])
    return Emission(RESHAPE, applied("fixed", values), helpers=("fixed",))


EMITTERS: dict[str, Emitter] = {"param": _param, "constant": _constant}
