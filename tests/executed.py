"""Runs what one op becomes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cnndsl.ops.base import Op, Shape
from tests.emitted import Spell, literally, make, source


def module(op: Op, x: Shape, spell: Spell = literally, rectified: bool = False) -> type[nnx.Module]:
    """The class `Net` of `source`."""
    scope: dict[str, Any] = {}
    exec(source(op, x, spell, rectified), scope)
    return scope["Net"]


def build(name: str, x: Shape, **arguments: Any) -> nnx.Module:
    """A network of one op with float32 parameters."""
    return module(make(name, **arguments), x)(rngs=nnx.Rngs(0))


def run(name: str, x: jax.Array, **arguments: Any) -> jax.Array:
    """The op applied to a batch."""
    return build(name, x.shape[1:], **arguments)(x)


def ramp(*shape: int) -> jax.Array:
    """Numbers without a pattern, positive and negative, the same every time."""
    return jax.random.normal(jax.random.key(1), shape, jnp.float32)
