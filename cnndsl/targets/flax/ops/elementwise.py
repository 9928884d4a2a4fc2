"""Functions of single values, which jax.numpy has."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    ACTIVATION,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
)
from cnndsl.targets.python.tree import Expr


def _plain(name: str) -> Emitter:
    return lambda f, x, context: Emission(ACTIVATION, applied(f"jnp.{name}"))


def _clip(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ACTIVATION, applied("jnp.clip", f["low"], f["high"]))


EMITTERS: dict[str, Emitter] = {
    **{name: _plain(name) for name in ("abs", "square", "sqrt", "exp", "log")},
    "clip": _clip,
}
