"""Pooling, over windows and over whole maps."""

from __future__ import annotations

from typing import Any

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls.common import Emitter, call, layer, pairs
from cnndsl.targets.flax.emission import Apply, Call, Context, Emission, Role, Spell


def _max_pool(op: Op, x: Shape, context: Context) -> Emission:
    if _is_slice(op, context):
        return _slice(op, context)
    return Emission(Role.POOL, _pool("nnx.max_pool", op, context, padding="VALID"))


def _avg_pool(op: Op, x: Shape, context: Context) -> Emission:
    if _is_slice(op, context):
        return _slice(op, context)
    if _unpadded(op, context) or op.count_pad:
        return Emission(Role.POOL, _pool("nnx.avg_pool", op, context, padding="VALID"))
    apply = _pool("avg_pool", op, context, padding="SAME")
    return Emission(Role.POOL, apply, helpers=("avg_pool",))


def _unpadded(op: Op, context: Context) -> bool:
    return op.pad == "valid" or (op.pad != "same" and context.always(op.pad, (0, 0, 0, 0)))


def _is_slice(op: Op, context: Context) -> bool:
    """Whether each window is one pixel, and none of them padding."""
    single = context.always(op.window, (1, 1))
    return single and (op.pad == "same" or _unpadded(op, context))


def _slice(op: Op, context: Context) -> Emission:
    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        rows, columns = (
            ":" if context.always(step, 1) else f"::{spell(step)}" for step in op.stride
        )
        if columns != ":":
            return f"{x}[:, {rows}, {columns}]"
        return x if rows == ":" else f"{x}[:, {rows}]"

    return Emission(Role.SLICE, apply)


def _pool(callee: str, op: Op, context: Context, *, padding: str) -> Apply:
    """A call of a pool whose strides are (1, 1) and whose padding is `padding` by default."""
    if _unpadded(op, context):
        pad: Any = "VALID"
    else:
        pad = "SAME" if op.pad == "same" else pairs(op.pad)
    unit = context.always(op.stride, (1, 1))
    if pad == padding:
        return call(callee, op.window) if unit else call(callee, op.window, op.stride)
    if unit:
        return call(callee, op.window, padding=pad)
    return call(callee, op.window, op.stride, pad)


def _over_the_map(method: str) -> Emitter:
    def emitter(op: Op, x: Shape, context: Context) -> Emission:
        keep = ", keepdims=True" if op.keep else ""
        return Emission(Role.GLOBAL, lambda x, attrs, spell: f"{x}.{method}(axis=(1, 2){keep})")

    return emitter


def _subsample(op: Op, x: Shape, context: Context) -> Emission:
    built = Call("Subsample", (x[-1], op.window), takes=("dtypes",))
    return layer(Role.WEIGHT, "subsample", built, "subsample")


EMITTERS: dict[str, Emitter] = {
    "max_pool": _max_pool,
    "avg_pool": _avg_pool,
    "global_avg_pool": _over_the_map("mean"),
    "global_max_pool": _over_the_map("max"),
    "subsample": _subsample,
}
