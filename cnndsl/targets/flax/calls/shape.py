"""What moves values and computes nothing: reshapes, margins, slices, enlargement."""

from __future__ import annotations

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls.common import Emitter, call, operand, pairs
from cnndsl.targets.flax.emission import Context, Emission, Role, Spell


def _flatten(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(
        Role.RESHAPE, lambda x, attrs, spell: f"{x}.reshape({x}.shape[0], -1)", atom=True
    )


def _reshape(op: Op, x: Shape, context: Context) -> Emission:
    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        return f"{x}.reshape(-1, {', '.join(map(spell, op.shape))})"

    return Emission(Role.RESHAPE, apply)


def _pad(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(Role.RESHAPE, call("jnp.pad", ((0, 0), *pairs(op.amount), (0, 0))))


def _crop(op: Op, x: Shape, context: Context) -> Emission:
    """Margins that vary may be zero, where `-margin` would stand for everything."""
    top, bottom, left, right = op.amount
    counts_back = not any(map(context.varies, (bottom, right)))

    def span(x: str, axis: int, low: int, high: int, spell: Spell) -> str:
        start = "" if context.always(low, 0) else spell(low)
        if context.always(high, 0):
            return f"{start}:"
        margin = operand(spell(high))
        stop = f"-{margin}" if counts_back else f"{x}.shape[{axis}] - {margin}"
        return f"{start}:{stop}"

    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        rows = span(x, 1, top, bottom, spell)
        columns = span(x, 2, left, right, spell)
        if columns != ":":
            return f"{x}[:, {rows}, {columns}]"
        return x if rows == ":" else f"{x}[:, {rows}]"

    return Emission(Role.RESHAPE, apply, atom=not counts_back)


def _channels(op: Op, x: Shape, context: Context) -> Emission:
    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        start = "" if context.always(op.start, 0) else spell(op.start)
        return f"{x}[..., {start}:{spell(op.stop)}]"

    return Emission(Role.RESHAPE, apply)


def _pad_channels(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(Role.RESHAPE, call("pad_channels", op.total), helpers=("pad_channels",))


def _shuffle(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(Role.RESHAPE, call("channel_shuffle", op.groups), helpers=("channel_shuffle",))


def _upsample(op: Op, x: Shape, context: Context) -> Emission:
    method = () if op.method == "nearest" else (op.method,)
    return Emission(Role.RESHAPE, call("upsample", op.factor, *method), helpers=("upsample",))


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
