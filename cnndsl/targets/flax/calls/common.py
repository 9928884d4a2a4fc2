"""What the emitters share: windows, paddings and expressions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.emission import Apply, Call, Context, Emission, Layer, Role, Spell

Emitter = Callable[[Op, Shape, Context], Emission]

# An initialiser, by its name in jax.nn.initializers; two of them are no factories there.
_NOT_FACTORIES = {"zeros": "zeros_init", "ones": "ones_init"}

_ATOM = re.compile(r"-?[\w.]+(e-\d+)?|‹[bc]\d+›")  # a token of a variable prints as a name


def through(x: str, attrs: list[str], spell: Spell) -> str:
    """Applies the layers one after the other: `self.pointwise(self.depthwise(x))`."""
    for attr in attrs:
        x = f"{attr}({x})"
    return x


def call(callee: str, *args: Any, **kwargs: Any) -> Apply:
    """Applies a function to the input and to values: `nnx.max_pool(x, (3, 3))`."""

    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        named = [f"{name}={spell(value)}" for name, value in kwargs.items()]
        return f"{callee}({', '.join([x, *map(spell, args), *named])})"

    return apply


def layer(role: Role, attr: str, call: Call, *helpers: str) -> Emission:
    """An op that is one submodule."""
    return Emission(role, through, (Layer(attr, call),), helpers)


def operand(text: str) -> str:
    """An expression as a factor: in parentheses unless it is a name or a number."""
    return text if _ATOM.fullmatch(text) else f"({text})"


def unless(context: Context, **defaults: tuple[Any, Any]) -> dict[str, Any]:
    """Keywords given as name = (value, the callee's default), less those at their default."""
    return {
        name: value
        for name, (value, default) in defaults.items()
        if not context.always(value, default)
    }


def square(pair: tuple[int, int], context: Context) -> Any:
    """A stride or dilation as flax takes it: an int where it is the same both ways."""
    return pair[0] if context.alike(*pair) else pair


def strides(stride: tuple[int, int], context: Context) -> tuple[Any, ...]:
    """The positional argument for strides, left out where it is 1."""
    return () if context.always(stride, (1, 1)) else (square(stride, context),)


def pairs(pad: tuple[int, int, int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """(top, bottom, left, right) as ((top, bottom), (left, right))."""
    top, bottom, left, right = pad
    return (top, bottom), (left, right)


def padding(pad: Any, context: Context) -> Any:
    """A padding as flax's layers take it: "SAME", "VALID", an int or pairs."""
    if isinstance(pad, str):
        return pad.upper()
    return pad[0] if context.alike(*pad) else pairs(pad)


def initializer(name: str) -> str:
    """The expression that makes an initialiser of jax.nn.initializers."""
    return f"nnx.initializers.{_NOT_FACTORIES.get(name, name)}()"
