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
from cnndsl.targets.python.expressions import constant, path
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


def _max_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    if isinstance(f["pad"], Tuple) and not unpadded(f["pad"]):
        return Emission(POOL, _padded_max_pool(f))
    return Emission(POOL, _pool("nnx.max_pool", f, "VALID"))


def _padded_max_pool(f: Fields) -> Apply:
    """flax types the padding of its pools as text: sides of their own go to the general one."""
    least = Unary("-", path("jnp.inf"))
    args = (least, path("jax.lax.max"), f["window"])
    return applied("nnx.pool", *args, f["stride"], pairs(f["pad"]))


def _avg_pool(f: Fields, x: Expr, context: Context) -> Emission:
    if _is_slice(f):
        return Emission(SLICE, _slice(f))
    counted, inside = _pool("nnx.avg_pool", f, "VALID"), _pool("avg_pool", f, "SAME")
    if unpadded(f["pad"]) or equals(f["count_pad"], True):
        return Emission(POOL, counted)
    if equals(f["count_pad"], False):
        return Emission(POOL, inside, helpers=("avg_pool",))

    def either(x: Expr, modules: list[Expr]) -> Expr:
        return Conditional(counted(x, modules), f["count_pad"], inside(x, modules))

    return Emission(POOL, either, helpers=("avg_pool",), atom=True)


def _is_slice(f: Fields) -> bool:
    """Whether each window is one pixel, and none of them padding."""
    return equals(f["window"], (1, 1)) and (equals(f["pad"], "same") or unpadded(f["pad"]))


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
