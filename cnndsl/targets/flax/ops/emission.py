"""How one op looks in Flax: the modules it builds and the expression that applies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from cnndsl.targets.python.expressions import call, constant
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Item, Tuple

# What constructors hand on to the modules that they build; heads in loops get a fork of it.
KINDS = ("rngs",)
FORKED = "head_rngs"

# What an op is on a line of code: a weighted layer with its norm and activation share one.
WEIGHT, NORM, ACTIVATION, POOL, SLICE = "weight", "norm", "activation", "pool", "slice"
GLOBAL, DROPOUT, RESHAPE, ARITHMETIC = "global", "dropout", "reshape", "arithmetic"
MERGED, BLOCK = "merged", "block"

Fields = Mapping[str, Expr]  # an op's arguments in their normal form
Apply = Callable[[Expr, list[Expr]], Expr]


class Context(Protocol):
    """What an op asks of the class that it is written into."""

    @property
    def initializer(self) -> Expr | None:
        """The kernel's, None for flax's default."""

    @property
    def given(self) -> Expr | None:
        """The kernel's, None where the author leaves it to the compiler."""

    def start(self, field: str) -> Expr | None:
        """The initialiser that `bias_init` or the like says, None for flax's default."""
        ...

    def constant(self, stem: str, value: Expr) -> Expr:
        """The name of a value that is too long for a line of code."""
        ...


@dataclass(frozen=True)
class Built:
    """A submodule. `attr` is the stem of its attribute: conv, norm, dense, depthwise, …

    Keywords equal to the callee's defaults are left out.
    """

    attr: str
    callee: str
    args: tuple[Expr, ...]
    keywords: dict[str, Expr] = field(default_factory=dict)
    takes: tuple[str, ...] = KINDS
    frozen: Expr = field(default=Constant(False))  # whether it does not learn

    def wrapped(self, build: Call) -> Expr:
        """What the constructor keeps: the module, or what `freeze` makes of it."""
        if self.frozen == Constant(False):
            return build
        when = () if self.frozen == Constant(True) else (self.frozen,)
        return call("freeze", build, *when)


@dataclass(frozen=True)
class Emission:
    """One op in Flax.

    `apply(x, modules)` gives the expression of the call. With `atom`, `x` stands there twice
    and must be a name. `helpers` are the fragments that the module needs.
    """

    role: str
    apply: Apply
    modules: tuple[Built, ...] = ()
    helpers: tuple[str, ...] = ()
    atom: bool = False


def frozen(emission: Emission, when: Expr) -> Emission:
    """The same op, whose parameters are constants for the optimizer."""
    modules = tuple([replace(built, frozen=when) for built in emission.modules])
    return replace(emission, modules=modules, helpers=(*emission.helpers, "freeze", "frozen"))


Emitter = Callable[[Fields, Expr, Context], Emission]


def through(x: Expr, modules: list[Expr]) -> Expr:
    """Applies the modules one after the other: `self.pointwise(self.depthwise(x))`."""
    for module in modules:
        x = Call(module, (x,))
    return x


def applied(callee: str, *args: Expr, **keywords: Expr) -> Apply:
    """A function of the input and of values: `nnx.max_pool(x, (3, 3))`."""
    return lambda x, modules: call(callee, x, *args, **keywords)


def layer(role: str, built: Built, *helpers: str) -> Emission:
    """An op that is one submodule."""
    return Emission(role, through, (built,), helpers)


def unless(**defaults: tuple[Expr, object]) -> dict[str, Expr]:
    """Keywords given as name = (value, the callee's default), less those at their default."""
    return {
        name: value for name, (value, default) in defaults.items() if not equals(value, default)
    }


def equals(expr: Expr, value: object) -> bool:
    """Whether an expression is this literal; `1` is `1.0` where a number is wanted."""
    if isinstance(expr, Constant) and isinstance(value, float):
        return isinstance(expr.value, (int, float)) and expr.value == value
    return expr == constant(value)


def component(pair: Expr, index: int) -> Expr:
    if isinstance(pair, Tuple):
        return pair.items[index]
    return Item(pair, Constant(index))


# An axis of a batch, by its word in the language.
AXES: dict[str, int | tuple[int, ...]] = {
    "channels": -1,
    "positions": (1, 2),
    "height": 1,
    "width": 2,
}
# How jnp.pad fills, by its word in the language.
MODES = {"zero": "constant", "reflect": "reflect", "edge": "edge"}


def axis(word: Expr) -> Expr:
    """An axis as jax takes it; what a class works out is that already."""
    if isinstance(word, Constant) and isinstance(word.value, str):
        return constant(AXES[word.value])
    return word


def starts(context: Context, **fields: str) -> dict[str, Expr]:
    """Keywords of a module that say how its tensors start, less those at their defaults."""
    given = {keyword: context.start(field) for keyword, field in fields.items()}
    return {keyword: start for keyword, start in given.items() if start is not None}


def square(pair: Expr) -> Expr:
    """A stride or dilation as flax takes it: an int where it is the same both ways."""
    if isinstance(pair, Tuple) and len(set(pair.items)) == 1:
        return pair.items[0]
    return pair


def strides(stride: Expr) -> tuple[Expr, ...]:
    """The positional argument for strides, left out where it is 1."""
    return () if equals(stride, (1, 1)) else (square(stride),)


def pairs(sides: Expr) -> Expr:
    """(top, bottom, left, right) as ((top, bottom), (left, right))."""
    top, bottom, left, right = (component(sides, i) for i in range(4))
    return Tuple((Tuple((top, bottom)), Tuple((left, right))))


def padding(pad: Expr) -> Expr:
    """A padding as flax's layers take it: "SAME", "VALID", an int or pairs."""
    if isinstance(pad, Constant) and isinstance(pad.value, str):
        return Constant(pad.value.upper())
    if isinstance(pad, Tuple):
        return pad.items[0] if len(set(pad.items)) == 1 else pairs(pad)
    return pad


def unpadded(pad: Expr) -> bool:
    return equals(pad, "valid") or equals(pad, (0, 0, 0, 0))


def shape(x: Expr, axis: int) -> Expr:
    return Item(Attribute(x, "shape"), Constant(axis))
