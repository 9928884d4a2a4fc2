"""How one op looks in Flax: the modules it builds and the expression that applies it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from cnndsl.ops.base import MOST_AXES
from cnndsl.ops.ranks import AXES
from cnndsl.targets.python.expressions import call, constant
from cnndsl.targets.python.tree import Attribute, Binary, Call, Constant, Expr, Item, Name, Tuple

# What constructors hand on to the modules that they build; heads in loops get a fork of it.
KINDS = ("rngs",)
FORKED = "head_rngs"

# What an op is on a line of code: a weighted layer with its norm and activation share one.
WEIGHT, NORM, ACTIVATION, POOL, SLICE = "weight", "norm", "activation", "pool", "slice"
GLOBAL, DROPOUT, RESHAPE, ARITHMETIC = "global", "dropout", "reshape", "arithmetic"
MERGED, BLOCK = "merged", "block"

Fields = Mapping[str, Expr]  # an op's arguments in their normal form, and how many axes arrive
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
    within: str = ""  # a class of the module's own that holds it

    def wrapped(self, build: Call) -> Expr:
        """What the constructor keeps: the module, or what `freeze` makes of it."""
        held = call(self.within, build) if self.within else build
        if self.frozen == Constant(False):
            return held
        when = () if self.frozen == Constant(True) else (self.frozen,)
        return call("freeze", held, *when)


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


# What holds a layer whose kernel is brought to a norm, and where that is defined.
_WITHIN = {
    "normalized": ("WeightNorm", "weight_norm"),
    "scaled": ("ScaledWeight", "scaled_weight"),
    "spectral": ("SpectralNorm", "spectral_norm"),
}


def weighed(emission: Emission, weight: Expr) -> Emission:
    """The same op, whose kernels go through something before they are applied."""
    said = weight.value if isinstance(weight, Constant) else None
    if said == "standardized":
        hook: dict[str, Expr] = {"promote_dtype": Name("standardized")}
        modules = [replace(b, keywords=b.keywords | hook) for b in emission.modules]
        return replace(emission, modules=tuple(modules), helpers=(*emission.helpers, said))
    within, helper = _WITHIN[str(said)]
    held = tuple([replace(built, within=within) for built in emission.modules])
    return replace(emission, modules=held, helpers=(*emission.helpers, helper))


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


def along_axis(callee: str, f: Fields, **keywords: Expr) -> Apply:
    """A function of the input along its argument `axis`, by default over the channels."""

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        return call(callee, x, **unless(axis=(axis(f, x), -1)), **keywords)

    return apply


def layer(role: str, built: Built, *helpers: str) -> Emission:
    """An op that is one submodule."""
    return Emission(role, through, (built,), helpers)


def unless(**defaults: tuple[Expr, object]) -> dict[str, Expr]:
    """Keywords given as name = (value, the callee's default), less those at their default."""
    return {
        name: value for name, (value, default) in defaults.items() if not equals(value, default)
    }


AXES_OF_POSITIONS = "axes of positions"  # no argument can have this name


def axes(f: Fields) -> int:
    """How many axes of positions arrive; none of a vector."""
    known = axes_if_one(f)
    assert known is not None
    return known


def axes_if_one(f: Fields) -> int | None:
    """The same, but None where one layer gets tensors of several ranks."""
    known = f[AXES_OF_POSITIONS]
    assert isinstance(known, Constant) and (known.value is None or isinstance(known.value, int))
    return known.value


def is_one(f: Fields, name: str) -> bool:
    """Whether an argument is 1 along each axis."""
    return equals(f[name], (1,) * axes(f))


def equals(expr: Expr, value: object) -> bool:
    """Whether an expression is this literal; `1` is `1.0` where a number is wanted."""
    if isinstance(expr, Constant) and isinstance(value, float):
        return isinstance(expr.value, (int, float)) and expr.value == value
    return expr == constant(value)


def component(pair: Expr, index: int) -> Expr:
    if isinstance(pair, Tuple):
        return pair.items[index]
    return Item(pair, Constant(index))


def axis_of(word: str, rank: int) -> int | tuple[int, ...]:
    """An axis of a batch, by its word in the language."""
    if word == "channels":
        return -1
    if word == "positions":
        return 1 if rank == 1 else tuple(range(1, rank + 1))
    return 1 + AXES[rank].index(word)


# How jnp.pad fills, by its word in the language.
MODES = {"zero": "constant", "reflect": "reflect", "edge": "edge"}


def axis(f: Fields, x: Expr) -> Expr:
    """An axis of `x` as jax takes it; what a class works out is that already."""
    word = f["axis"]
    if word == Constant("positions"):
        return over_positions(f, x)
    if word == Constant("channels"):
        return Constant(-1)
    if isinstance(word, Constant) and isinstance(word.value, str):
        return constant(axis_of(word.value, axes(f)))
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


def strides(f: Fields) -> tuple[Expr, ...]:
    """The positional argument for strides, left out where it is 1."""
    return () if is_one(f, "stride") else (square(f["stride"]),)


def pairs(sides: Expr, rank: int) -> Tuple:
    """(top, bottom, left, right) as ((top, bottom), (left, right))."""
    each = [component(sides, i) for i in range(2 * rank)]
    return Tuple(tuple(map(Tuple, zip(each[::2], each[1::2], strict=True))))


def padding(f: Fields) -> Expr:
    """A padding as flax's layers take it: "SAME", "VALID", an int or pairs."""
    pad = f["pad"]
    if isinstance(pad, Constant) and isinstance(pad.value, str):
        return Constant(pad.value.upper())
    if not isinstance(pad, Tuple):
        return pad
    if len(set(pad.items)) == 1:
        return pad.items[0]
    around = pairs(pad, axes(f))
    each = [side.items for side in around.items if isinstance(side, Tuple)]
    if axes(f) == MOST_AXES and all(before == after for before, after in each):
        return Tuple(tuple(before for before, _ in each))
    return around


def unpadded(f: Fields) -> bool:
    return equals(f["pad"], "valid") or equals(f["pad"], (0, 0) * axes(f))


def for_rank(name: str, f: Fields) -> str:
    """The definition that modules carry of an op: feature maps have one in their own words."""
    return name if axes_if_one(f) == 2 else f"{name}_nd"


def over_positions(f: Fields, x: Expr) -> Expr:
    """The axes of all positions of `x`, as jax takes them: (1, 2) of feature maps."""
    known = axes_if_one(f)
    if known is None:
        behind = Binary("-", Attribute(x, "ndim"), Constant(1))
        return call("tuple", call("range", Constant(1), behind))
    return constant(axis_of("positions", known))


def shape(x: Expr, axis: int) -> Expr:
    return Item(Attribute(x, "shape"), Constant(axis))
