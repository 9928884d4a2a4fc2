"""Normalisations, and what scales channels."""

from __future__ import annotations

from typing import Any

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls.common import Emitter, call, layer, operand, unless
from cnndsl.targets.flax.emission import Call, Code, Constant, Context, Emission, Role, Spell


def _bn(op: Op, x: Shape, context: Context) -> Emission:
    keywords = unless(
        context,
        momentum=(op.momentum, 0.99),
        epsilon=(op.eps, 1e-5),
        use_bias=(op.shift, True),
        use_scale=(op.scale, True),
    )
    keywords["promote_dtype"] = Code("keep_float32")
    return layer(Role.NORM, "norm", Call("nnx.BatchNorm", (x[-1],), keywords), "keep_float32")


def _layer_norm(op: Op, x: Shape, context: Context) -> Emission:
    keywords = unless(context, epsilon=(op.eps, 1e-6))
    return layer(Role.NORM, "norm", Call("nnx.LayerNorm", (x[-1],), keywords))


def _group_norm(op: Op, x: Shape, context: Context) -> Emission:
    groups = () if context.always(op.groups, 32) else (op.groups,)
    keywords = unless(context, epsilon=(op.eps, 1e-6))
    return layer(Role.NORM, "norm", Call("nnx.GroupNorm", (x[-1], *groups), keywords))


def _lrn(op: Op, x: Shape, context: Context) -> Emission:
    keywords = unless(
        context, size=(op.size, 5), alpha=(op.alpha, 1e-4), beta=(op.beta, 0.75), k=(op.k, 1.0)
    )
    return Emission(
        Role.NORM, call("local_response_norm", **keywords), helpers=("local_response_norm",)
    )


def _layer_scale(op: Op, x: Shape, context: Context) -> Emission:
    init = () if context.always(op.init, 1e-6) else (op.init,)
    built = Call("LayerScale", (x[-1], *init), takes=("dtypes",))
    return layer(Role.NORM, "layer_scale", built, "layer_scale")


def _scale(op: Op, x: Shape, context: Context) -> Emission:
    return _product(op.factor, None)


def _rescale(op: Op, x: Shape, context: Context) -> Emission:
    return _product(op.scale, None if context.always(op.offset, 0) else op.offset)


def _product(factor: float, offset: float | None) -> Emission:
    """`factor * x + offset`; a negative number is subtracted."""

    def apply(x: str, attrs: list[str], spell: Spell) -> str:
        product = f"{operand(spell(factor))} * {x}"
        if offset is None:
            return product
        term = operand(spell(offset))
        return f"{product} - {term[1:]}" if term.startswith("-") else f"{product} + {term}"

    return Emission(Role.ARITHMETIC, apply, compound=True)


def _normalize(op: Op, x: Shape, context: Context) -> Emission:
    mean, std = (
        Constant(stem, value) if isinstance(value, tuple) else value
        for stem, value in (("mean", op.mean), ("std", op.std))
    )
    constants: tuple[Any, ...] = tuple(v for v in (mean, std) if isinstance(v, Constant))
    return Emission(
        Role.ARITHMETIC, call("normalize", mean, std), helpers=("normalize",), constants=constants
    )


EMITTERS: dict[str, Emitter] = {
    "bn": _bn,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "lrn": _lrn,
    "layer_scale": _layer_scale,
    "scale": _scale,
    "rescale": _rescale,
    "normalize": _normalize,
}
