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
    component,
    equals,
    layer,
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
    """`ceil` is here what the last windows hang over: (rows, columns)."""
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    f = _with_overhang(f)
    if isinstance(f["pad"], Tuple) and not unpadded(f["pad"]):
        return Emission(POOL, _padded_max_pool(f))
    return Emission(POOL, _pool("nnx.max_pool", f, "VALID"))


def _padded_max_pool(f: Fields) -> Apply:
    """flax types the padding of its pools as text: sides of their own go to the general one."""
    least = Unary("-", path("jnp.inf"))
    args = (least, path("jax.lax.max"), f["window"])
    return applied("nnx.pool", *args, f["stride"], pairs(f["pad"]))


def _with_overhang(f: Fields) -> Fields:
    """The same pool with an explicit padding for what its windows hang over."""
    if not _hangs_over(f):
        return f
    top, bottom, left, right = _sides(f)
    below, beside = (component(f["ceil"], i) for i in range(2))
    pad = Tuple((top, _more(bottom, below), left, _more(right, beside)))
    return {**f, "pad": pad, "ceil": Constant(None)}


def _more(side: Expr, overhang: Expr) -> Expr:
    return overhang if equals(side, 0) else binary("+", side, overhang)


def _hangs_over(f: Fields) -> bool:
    return not equals(f["ceil"], None) and not equals(f["ceil"], (0, 0))


def _sides(f: Fields) -> list[Expr]:
    zero = Constant(0)
    return [zero] * 4 if unpadded(f["pad"]) else [component(f["pad"], i) for i in range(4)]


def _avg_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    if _hangs_over(f):
        return _overhanging_avg_pool(f)
    counted, inside = _counted(f), _pool("avg_pool", f, "SAME")
    if unpadded(f["pad"]) or equals(f["count_pad"], True):
        return Emission(POOL, counted)
    if equals(f["count_pad"], False):
        return Emission(POOL, inside, helpers=("avg_pool",))

    def either(x: Expr, modules: list[Expr]) -> Expr:
        return Conditional(counted(x, modules), f["count_pad"], inside(x, modules))

    return Emission(POOL, either, helpers=("avg_pool",), atom=True)


def _overhanging_avg_pool(f: Fields) -> Emission:
    """What windows hang over never counts; the zeros of the padding may."""
    inside = _pool("avg_pool", _with_overhang(f), "SAME")
    outside = _pool("avg_pool", _with_overhang({**f, "pad": Constant("valid")}), "SAME")
    margins = Tuple((_NONE, *_pairs(_sides(f)), _NONE))

    def counted(x: Expr, modules: list[Expr]) -> Expr:
        return outside(call("jnp.pad", x, margins), modules)

    def either(x: Expr, modules: list[Expr]) -> Expr:
        return Conditional(counted(x, modules), f["count_pad"], inside(x, modules))

    if equals(f["count_pad"], False) or unpadded(f["pad"]):
        return Emission(POOL, inside, helpers=("avg_pool",))
    if equals(f["count_pad"], True):
        return Emission(POOL, counted, helpers=("avg_pool",))
    return Emission(POOL, either, helpers=("avg_pool",), atom=True)


def _pairs(sides: list[Expr]) -> tuple[Expr, Expr]:
    top, bottom, left, right = sides
    return Tuple((top, bottom)), Tuple((left, right))


def _counted(f: Fields) -> Apply:
    """An average in which padding counts; flax types what its pools pad as text, as above."""
    if not isinstance(f["pad"], Tuple) or unpadded(f["pad"]):
        return _pool("nnx.avg_pool", f, "VALID")
    sides = pairs(f["pad"])
    margins = Tuple((_NONE, *(sides.items if isinstance(sides, Tuple) else ()), _NONE))
    pool = _pool("nnx.avg_pool", {**f, "pad": Constant("valid")}, "VALID")
    return lambda x, modules: pool(call("jnp.pad", x, margins), modules)


def _is_slice(f: Fields) -> bool:
    """Whether each window is one pixel, and none of them padding."""
    if not equals(f["window"], (1, 1)) or _hangs_over(f):
        return False
    return equals(f["pad"], "same") or unpadded(f["pad"])


def _slice(f: Fields) -> Apply:
    rows, columns = (component(f["stride"], i) for i in range(2))

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        steps = [Slice(step=None if equals(e, 1) else e) for e in (rows, columns)]
        while steps and steps[-1] == Slice():
            steps.pop()
        return Item(x, Tuple((Slice(), *steps))) if steps else x

    return apply


def _pool(callee: str, f: Fields, default: str) -> Apply:
    """A call of a pool whose strides are (1, 1) and whose padding is `default` by default."""
    pad = f["pad"]
    given: Expr
    if unpadded(pad):
        given = Constant("VALID")
    elif isinstance(pad, Constant):
        given = Constant(str(pad.value).upper())
    elif isinstance(pad, Tuple):
        given = pairs(pad)
    else:
        given = pad
    unit = equals(f["stride"], (1, 1))
    if given == Constant(default):
        return applied(callee, f["window"]) if unit else applied(callee, f["window"], f["stride"])
    if unit:
        return applied(callee, f["window"], padding=given)
    return applied(callee, f["window"], f["stride"], given)


def _over_the_map(method: str) -> Emitter:
    def emitter(f: Fields, x: Expr, context: Context) -> Emission:
        axes = Keyword("axis", constant((1, 2)))
        keep = () if equals(f["keep"], False) else (Keyword("keepdims", f["keep"]),)
        return Emission(GLOBAL, lambda x, modules: Call(Attribute(x, method), (), (axes, *keep)))

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
