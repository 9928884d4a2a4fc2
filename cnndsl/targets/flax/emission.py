"""How one op looks in Flax: the modules it builds and the expression that applies it.

Fragments declare calls and Python prints them, so that keywords which all convolutions of
a class share can be hoisted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# What constructors hand on: random numbers, and the `dtype` and `param_dtype` of every layer.
KINDS = ("rngs", "dtypes")


class Role(Enum):
    """What an op is on a line of code: a weighted layer with its norm and activation share one."""

    WEIGHT = "weight"
    NORM = "norm"
    ACTIVATION = "activation"
    POOL = "pool"  # a call with a window: a line of its own
    SLICE = "slice"  # x[:, ::2, ::2]
    GLOBAL = "global"  # x.mean(axis=(1, 2))
    DROPOUT = "dropout"
    RESHAPE = "reshape"  # moves values: flatten, pad, crop, channels, upsample
    ARITHMETIC = "arithmetic"  # scale, rescale, normalize


@dataclass(frozen=True)
class Code:
    """Python text to put into a call as it stands: `nnx.initializers.he_normal()`."""

    text: str


@dataclass(frozen=True)
class Constant:
    """A value too long for a line of code, to be named above the classes: `CODES = (…)`.

    It stands in calls where a value does, and prints as its name. `stem` is that name in
    small letters; equal constants are one.
    """

    stem: str
    value: tuple[Any, ...]


@dataclass(frozen=True)
class Call:
    """A constructor call: `nnx.Conv(in_features, filters, (3, 3), 2, use_bias=False)`.

    Values are ints, floats, bools, strings (printed quoted), None, tuples of these, `Code`
    or a `Constant`. Keywords equal to the callee's defaults are left out by whoever builds
    the call. `takes` is what the callee accepts of `KINDS`.
    """

    callee: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    takes: tuple[str, ...] = KINDS


@dataclass(frozen=True)
class Layer:
    """A submodule. `attr` is the stem of its attribute: conv, norm, dense, depthwise, …"""

    attr: str
    call: Call


def _never(value: Any) -> bool:
    return False


@dataclass(frozen=True)
class Context:
    """What an op's neighbourhood says about its code.

    `followed_by` is the name of the op that consumes the result, behind norms and dropout.
    `varies(value)` tells whether a value differs between instances of the class being
    written: only a value that does not may decide what is left out.
    """

    followed_by: str | None = None
    varies: Callable[[Any], bool] = _never

    def always(self, value: Any, expected: Any) -> bool:
        """Whether `value` is `expected` in every instance."""
        if isinstance(expected, tuple):
            return len(value) == len(expected) and all(map(self.always, value, expected))
        return value == expected and not self.varies(value)

    def alike(self, first: Any, *others: Any) -> bool:
        """Whether all the values are equal in every instance."""
        if all(value is first for value in others):
            return True
        return not self.varies(first) and all(self.always(value, first) for value in others)


Spell = Callable[[Any], str]
Apply = Callable[[str, list[str], Spell], str]


@dataclass(frozen=True)
class Emission:
    """One op in Flax.

    `apply(x, attrs, spell)` gives the expression at call time: `x` is the input's
    expression, always an atom or a call (never a sum), `attrs` the layers' expressions
    (`self.conv1`) in order, `spell` prints a value of the op (an argument such as a window).
    With `atom`, `x` must be an atom, for it stands there twice. With `compound`, the
    expression is a product or a sum: it needs parentheses wherever an atom is asked for.
    `helpers` name the fragments that the module needs, `constants` are all that the calls
    and `apply` mention.
    """

    role: Role
    apply: Apply
    layers: tuple[Layer, ...] = ()
    helpers: tuple[str, ...] = ()
    constants: tuple[Constant, ...] = ()
    atom: bool = False
    compound: bool = False
