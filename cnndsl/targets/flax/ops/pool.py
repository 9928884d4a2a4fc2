"""Pooling, over windows and over whole maps."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    GLOBAL,
    POOL,
    SLICE,
    WEIGHT,
    Apply,
    Built,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    axes,
    component,
    equals,
    for_rank,
    is_one,
    layer,
    over_positions,
    pairs,
    unpadded,
)
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.expressions import call, constant, path
from cnndsl.targets.python.tree import (
    Attribute,
    Call,
    Conditional,
    Constant,
    Expr,
    Item,
    Keyword,
    Slice,
    Tuple,
    Unary,
)

_NONE = constant((0, 0))


def _max_pool(f: Fields, x: Expr, context: Context) -> Emission:
    """`ceil` is here the margin behind the map that rounds sizes up: (rows, columns)."""
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    f = _with_margin(f)
    if isinstance(f["pad"], Tuple) and not unpadded(f):
        return Emission(POOL, _padded_max_pool(f))
    return Emission(POOL, _pool("nnx.max_pool", f, "VALID"))


def _padded_max_pool(f: Fields) -> Apply:
    """flax types the padding of its pools as text: sides of their own go to the general one."""
    least = Unary("-", path("jnp.inf"))
    args = (least, path("jax.lax.max"), f["window"])
    return applied("nnx.pool", *args, f["stride"], pairs(f["pad"], axes(f)))


def _with_margin(f: Fields) -> Fields:
    """The same pool, whose padding is explicit and has the margin of `ceil`."""
    if not _rounds_up(f):
        return f
    around: list[Expr] = []
    for i, (before, after) in enumerate(_pairs(f)):
        around += (before, _more(after, component(f["ceil"], i)))
    pad = Tuple(tuple(around))
    return {**f, "pad": pad, "ceil": Constant(None)}


def _more(side: Expr, margin: Expr) -> Expr:
    return margin if equals(side, 0) else binary("+", side, margin)


def _rounds_up(f: Fields) -> bool:
    return not equals(f["ceil"], None) and not equals(f["ceil"], (0,) * axes(f))


def _pairs(f: Fields) -> list[tuple[Expr, Expr]]:
    """The padding before and after each axis."""
    zero = Constant(0)
    if unpadded(f):
        return [(zero, zero)] * axes(f)
    return [(component(f["pad"], 2 * i), component(f["pad"], 2 * i + 1)) for i in range(axes(f))]


def _avg_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    if _rounds_up(f):
        return _avg_pool_rounded_up(f)
    carried = for_rank("avg_pool", f)
    counted, inside = _counted(f), _pool(carried, f, "SAME")
    if unpadded(f) or equals(f["count_pad"], True):
        return Emission(POOL, counted)
    if equals(f["count_pad"], False):
        return Emission(POOL, inside, helpers=(carried,))

    def either(x: Expr, modules: list[Expr]) -> Expr:
        return Conditional(counted(x, modules), f["count_pad"], inside(x, modules))

    return Emission(POOL, either, helpers=(carried,), atom=True)


def _avg_pool_rounded_up(f: Fields) -> Emission:
    """The margin never counts; the zeros of the padding may."""
    carried = for_rank("avg_pool", f)
    inside = _pool(carried, _with_margin(f), "SAME")
    outside = _pool(carried, _with_margin({**f, "pad": Constant("valid")}), "SAME")
    margins = Tuple((_NONE, *map(Tuple, _pairs(f)), _NONE))

    def counted(x: Expr, modules: list[Expr]) -> Expr:
        return outside(call("jnp.pad", x, margins), modules)

    def either(x: Expr, modules: list[Expr]) -> Expr:
        return Conditional(counted(x, modules), f["count_pad"], inside(x, modules))

    if equals(f["count_pad"], False) or unpadded(f):
        return Emission(POOL, inside, helpers=(carried,))
    if equals(f["count_pad"], True):
        return Emission(POOL, counted, helpers=(carried,))
    return Emission(POOL, either, helpers=(carried,), atom=True)


def _counted(f: Fields) -> Apply:
    """An average in which padding counts; flax types what its pools pad as text, as above."""
    if not isinstance(f["pad"], Tuple) or unpadded(f):
        return _pool("nnx.avg_pool", f, "VALID")
    margins = Tuple((_NONE, *pairs(f["pad"], axes(f)).items, _NONE))
    pool = _pool("nnx.avg_pool", {**f, "pad": Constant("valid")}, "VALID")
    return lambda x, modules: pool(call("jnp.pad", x, margins), modules)


def _is_slice(f: Fields) -> bool:
    """Whether each window is one pixel, and none of them padding."""
    if not is_one(f, "window") or _rounds_up(f):
        return False
    return equals(f["pad"], "same") or unpadded(f)


def _slice(f: Fields) -> Apply:
    strides = [component(f["stride"], i) for i in range(axes(f))]

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        steps = [Slice(step=None if equals(e, 1) else e) for e in strides]
        while steps and steps[-1] == Slice():
            steps.pop()
        return Item(x, Tuple((Slice(), *steps))) if steps else x

    return apply


def _pool(callee: str, f: Fields, default: str) -> Apply:
    """A call of a pool whose strides are 1 and whose padding is `default` by default."""
    pad = f["pad"]
    given: Expr
    if unpadded(f):
        given = Constant("VALID")
    elif isinstance(pad, Constant):
        given = Constant(str(pad.value).upper())
    elif isinstance(pad, Tuple):
        given = pairs(pad, axes(f))
    else:
        given = pad
    unit = is_one(f, "stride") and callee != "avg_pool_nd"
    if given == Constant(default):
        return applied(callee, f["window"]) if unit else applied(callee, f["window"], f["stride"])
    if unit:
        return applied(callee, f["window"], padding=given)
    return applied(callee, f["window"], f["stride"], given)


def _over_the_map(method: str) -> Emitter:
    def emitter(f: Fields, x: Expr, context: Context) -> Emission:
        keep = () if equals(f["keep"], False) else (Keyword("keepdims", f["keep"]),)

        def apply(x: Expr, modules: list[Expr]) -> Expr:
            along = Keyword("axis", over_positions(f, x))
            return Call(Attribute(x, method), (), (along, *keep))

        return Emission(GLOBAL, apply)

    return emitter


def _subsample(f: Fields, x: Expr, context: Context) -> Emission:
    built = Built("subsample", "Subsample", (x, f["window"]), takes=())
    return layer(WEIGHT, built, "subsample")


EMITTERS: dict[str, Emitter] = {
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "global_avg_pool": _over_the_map("mean"),
    "global_max_pool": _over_the_map("max"),
    "subsample": _subsample,
}
