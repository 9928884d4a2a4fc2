"""Runs what one op becomes: a module of the op's emission and its fragments alone."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cnndsl.ops import OPS
from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls import emit
from cnndsl.targets.flax.emission import Call, Code, Constant, Context, Emission
from cnndsl.targets.flax.fragments import IMPORTS, ORDER, fragment
from cnndsl.targets.flax.printing import HANDED_ON

TEMPLATE = """\
{header}

class Net(nnx.Module):
    def __init__(self, *, rngs, **dtypes):
        self.name = {name!r}
{layers}

    def __call__(self, x):
        return {expression}
"""


def make(name: str, **arguments: Any) -> Op:
    return OPS[name].make(arguments)


def spell(value: Any) -> str:
    """A value as Python prints it; a constant by its name."""
    if isinstance(value, Constant):
        return value.stem.upper()
    if isinstance(value, Code):
        return value.text
    if isinstance(value, tuple):
        items = ", ".join(map(spell, value))
        return f"({items},)" if len(value) == 1 else f"({items})"
    return repr(value)


def written(call: Call) -> str:
    """A constructor call, with the keywords that a class hands to its layers."""
    named = [f"{name}={spell(value)}" for name, value in call.kwargs.items()]
    taken = [HANDED_ON[name] for name in call.takes]
    return f"{call.callee}({', '.join([*map(spell, call.args), *named, *taken])})"


def source(op: Op, x: Shape, context: Context | None = None) -> str:
    """A module with one class, `Net`, that is `op` for inputs of shape `x`."""
    emission = emit(op, x, context or Context())
    attrs = [f"self.{layer.attr}" for layer in emission.layers]
    layers = [
        f"        {attr} = {written(layer.call)}"
        for attr, layer in zip(attrs, emission.layers, strict=True)
    ]
    return TEMPLATE.format(
        header=_header(emission),
        name=op.name,
        layers="\n".join(layers),
        expression=emission.apply("x", attrs, spell),
    )


def _header(emission: Emission) -> str:
    constants = [f"{c.stem.upper()} = {spell(c.value)}" for c in emission.constants]
    parts = [fragment(name).text for name in ORDER if name in emission.helpers]
    return "\n\n".join([*IMPORTS.values(), *constants, *parts])


def module(op: Op, x: Shape, context: Context | None = None) -> type[nnx.Module]:
    """The class `Net` of `source`."""
    scope: dict[str, Any] = {}
    exec(source(op, x, context), scope)
    return scope["Net"]


def build(name: str, x: Shape, **arguments: Any) -> nnx.Module:
    """A network of one op with float32 parameters."""
    return module(make(name, **arguments), x)(rngs=nnx.Rngs(0))


def run(name: str, x: jax.Array, **arguments: Any) -> jax.Array:
    """The op applied to a batch."""
    return build(name, x.shape[1:], **arguments)(x)


def expression(name: str, x: Shape, context: Context | None = None, **arguments: Any) -> str:
    """The code at call time, with `self.` before the layers."""
    emission = emit(make(name, **arguments), x, context or Context())
    return emission.apply("x", [f"self.{layer.attr}" for layer in emission.layers], spell)


def constructors(
    name: str, x: Shape, context: Context | None = None, **arguments: Any
) -> list[str]:
    """The constructor calls, without `rngs` and `dtypes`."""
    layers = emit(make(name, **arguments), x, context or Context()).layers
    return [written(Call(la.call.callee, la.call.args, la.call.kwargs, ())) for la in layers]


def ramp(*shape: int) -> jax.Array:
    """Numbers without a pattern, positive and negative, the same every time."""
    return jax.random.normal(jax.random.key(1), shape, jnp.float32)
