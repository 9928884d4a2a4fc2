"""Normalisations, and what scales channels."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    ARITHMETIC,
    NORM,
    Apply,
    Built,
    Context,
    Emission,
    Emitter,
    Fields,
    along_axis,
    applied,
    axes_if_one,
    equals,
    for_rank,
    layer,
    starts,
    unless,
)
from cnndsl.targets.python.draft import Join
from cnndsl.targets.python.tree import Constant, Expr, Name, Tuple


def _bn(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(
        momentum=(f["momentum"], 0.99),
        epsilon=(f["eps"], 1e-5),
        use_bias=(f["shift"], True),
        use_scale=(f["scale"], True),
    )
    keywords |= starts(context, scale_init="scale_init", bias_init="shift_init")
    keywords["promote_dtype"] = Name("keep_float32")
    return layer(NORM, Built("norm", "nnx.BatchNorm", (x,), keywords), "keep_float32")


def _layer_norm(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(epsilon=(f["eps"], 1e-6)) | starts(
        context, scale_init="scale_init", bias_init="shift_init"
    )
    return layer(NORM, Built("norm", "nnx.LayerNorm", (x,), keywords))


def _group_norm(f: Fields, x: Expr, context: Context) -> Emission:
    groups = () if equals(f["groups"], 32) else (f["groups"],)
    keywords = unless(epsilon=(f["eps"], 1e-6)) | starts(
        context, scale_init="scale_init", bias_init="shift_init"
    )
    return layer(NORM, Built("norm", "nnx.GroupNorm", (x, *groups), keywords))


def _instance_norm(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(
        epsilon=(f["eps"], 1e-6), use_bias=(f["shift"], True), use_scale=(f["scale"], True)
    )
    keywords |= starts(context, scale_init="scale_init", bias_init="shift_init")
    return layer(NORM, Built("norm", "nnx.InstanceNorm", (x,), keywords))


def _rms_norm(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(epsilon=(f["eps"], 1e-6)) | starts(context, scale_init="scale_init")
    return layer(NORM, Built("norm", "nnx.RMSNorm", (x,), keywords))


def _grn(f: Fields, x: Expr, context: Context) -> Emission:
    epsilon = () if equals(f["eps"], 1e-6) else (f["eps"],)
    name = "GlobalResponseNorm" if axes_if_one(f) == 2 else "GlobalResponseNormNd"
    built = Built("grn", name, (x, *epsilon), takes=())
    return layer(NORM, built, for_rank("global_response_norm", f))


def _l2_normalize(f: Fields, x: Expr, context: Context) -> Emission:
    apply = along_axis("l2_normalize", f, **unless(epsilon=(f["eps"], 1e-12)))
    return Emission(NORM, apply, (), ("l2_normalize",))


def _lrn(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(
        size=(f["size"], 5), alpha=(f["alpha"], 1e-4), beta=(f["beta"], 0.75), k=(f["k"], 1.0)
    )
    return Emission(NORM, applied("local_response_norm", **keywords), (), ("local_response_norm",))


def _layer_scale(f: Fields, x: Expr, context: Context) -> Emission:
    init = () if equals(f["init"], 1e-6) else (f["init"],)
    built = Built("layer_scale", "LayerScale", (x, *init), takes=())
    return layer(NORM, built, "layer_scale")


def _scale(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ARITHMETIC, _product(f["factor"], None))


def _rescale(f: Fields, x: Expr, context: Context) -> Emission:
    offset = None if equals(f["offset"], 0.0) else f["offset"]
    return Emission(ARITHMETIC, _product(f["scale"], offset))


def _product(factor: Expr, offset: Expr | None) -> Apply:
    """`factor * x + offset`; a negative number is subtracted."""

    def apply(x: Expr, modules: list[Expr]) -> Expr:
        product = x if offset is not None and equals(factor, 1.0) else Join("*", factor, x)
        if offset is None:
            return product
        value = offset.value if isinstance(offset, Constant) else None
        if isinstance(value, (int, float)) and value < 0:
            return Join("-", product, Constant(-value))
        return Join("+", product, offset)

    return apply


def _normalize(f: Fields, x: Expr, context: Context) -> Emission:
    mean, std = (
        context.constant(stem, f[stem]) if isinstance(f[stem], Tuple) else f[stem]
        for stem in ("mean", "std")
    )
    return Emission(ARITHMETIC, applied("normalize", mean, std), helpers=("normalize",))


EMITTERS: dict[str, Emitter] = {
    "bn": _bn,
    "layer_norm": _layer_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "rms_norm": _rms_norm,
    "grn": _grn,
    "l2_normalize": _l2_normalize,
    "lrn": _lrn,
    "layer_scale": _layer_scale,
    "scale": _scale,
    "rescale": _rescale,
    "normalize": _normalize,
}
