"""What moves values and computes nothing: reshapes, margins, slices, enlargement."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    RESHAPE,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    axes,
    component,
    equals,
    for_rank,
    pairs,
    shape,
)
from cnndsl.targets.python.arithmetic import binary, unary
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.tree import Attribute, Call, Constant, Expr, Item, Slice, Star, Tuple

_NONE = constant((0, 0))


def _flatten(f: Fields, x: Expr, context: Context) -> Emission:
    def apply(x: Expr, modules: list[Expr]) -> Expr:
        return Call(Attribute(x, "reshape"), (shape(x, 0), Constant(-1)))

    return Emission(RESHAPE, apply, atom=True)


def _reshape(f: Fields, x: Expr, context: Context) -> Emission:
    wanted = f["shape"]
    extents = wanted.items if isinstance(wanted, Tuple) else (Star(wanted),)

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        return Call(Attribute(x, "reshape"), (Constant(-1), *extents))

    return Emission(RESHAPE, apply)


def _pad(f: Fields, x: Expr, context: Context) -> Emission:
    margins = Tuple((_NONE, *pairs(f["amount"], axes(f)).items, _NONE))
    if f["mode"] in (Constant("zero"), Constant("constant")):
        return Emission(RESHAPE, applied("jnp.pad", margins))
    return Emission(RESHAPE, applied("jnp.pad", margins, mode=f["mode"]))


def _crop(f: Fields, x: Expr, context: Context) -> Emission:
    """Margins that vary may be zero, where `-margin` would stand for everything."""
    margins = [
        (component(f["amount"], 2 * i), component(f["amount"], 2 * i + 1)) for i in range(axes(f))
    ]
    counts_back = all(isinstance(high, Constant) for _, high in margins)

    def span(x: Expr, axis: int, low: Expr, high: Expr) -> Slice:
        start = None if equals(low, 0) else low
        if equals(high, 0):
            return Slice(start)
        stop = unary("-", high) if counts_back else binary("-", shape(x, axis), high)
        return Slice(start, stop)

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        spans = [span(x, i, low, high) for i, (low, high) in enumerate(margins, start=1)]
        while spans and spans[-1] == Slice():
            spans.pop()
        return Item(x, Tuple((Slice(), *spans))) if spans else x

    return Emission(RESHAPE, apply, atom=not counts_back)


def _channels(f: Fields, x: Expr, context: Context) -> Emission:
    start = None if equals(f["start"], 0) else f["start"]
    part = Tuple((Constant(...), Slice(start, f["stop"])))
    return Emission(RESHAPE, lambda x, modules: Item(x, part))


def _pad_channels(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(RESHAPE, applied("pad_channels", f["total"]), helpers=("pad_channels",))


def _shuffle(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(RESHAPE, applied("channel_shuffle", f["groups"]), helpers=("channel_shuffle",))


def _upsample(f: Fields, x: Expr, context: Context) -> Emission:
    method = () if equals(f["method"], "nearest") else (f["method"],)
    carried = for_rank("upsample", f)
    return Emission(RESHAPE, applied(carried, f["factor"], *method), helpers=(carried,))


EMITTERS: dict[str, Emitter] = {
    "flatten": _flatten,
    "reshape": _reshape,
    "pad": _pad,
    "crop": _crop,
    "channels": _channels,
    "pad_channels": _pad_channels,
    "shuffle": _shuffle,
    "upsample": _upsample,
}
