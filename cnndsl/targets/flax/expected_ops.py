"""The terms of ops: what the language says that each of them computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnndsl.ops.base import Op
from cnndsl.ops.brought import Brought
from cnndsl.ops.weighted import Kernelled, Weighted
from cnndsl.targets.flax.expected_convs import (
    canonical,
    conv,
    conv_transpose,
    dense,
    depthwise,
    explicit_sides,
    padding_of,
    separable,
    sides_of,
    starts_of,
)
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.flax.windows import no_sides

Maker = Callable[[Any, Term, Forms, bool], Term]


def merged(name: str, parts: tuple[Term, ...], forms: Forms) -> Term:
    if name == "concat":
        return forms.concat(parts)
    if name == "matmul":
        return forms.matmul(*parts)
    result, *others = parts
    for part in others:
        result = forms.join(name, result, part)
    return result


def _pool(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """What windows hang over the end of the map never counts."""
    counts = op.name == "avg_pool" and op.count_pad
    if not op.ceil:
        return forms.pool(op.name, x, op.window, op.stride, padding_of(op.pad), counts)
    behind = op.overhang_on(x.shape[:-1])
    around = explicit_sides(op.pad, len(op.window))
    if counts:
        x, around = forms.pad(x, (*around, (0, 0))), no_sides(len(op.window))
    sides = tuple((a, b + more) for (a, b), more in zip(around, behind, strict=True))
    return forms.pool(op.name, x, op.window, op.stride, sides, False)


def _border(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.pad(x, (*sides_of(op.amount), (0, 0)), _FILLS[op.mode])


_FILLS = {"zero": "constant", "reflect": "reflect", "edge": "edge"}


def _softmax(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.along("softmax", x, _axes(op.axis, x))


def _axes(axis: str, x: Term) -> tuple[int, ...]:
    """The axes behind the batch, from 0."""
    rank = len(x.shape) - 1
    behind = {"width": rank - 1, "height": rank - 2, "depth": 0, "length": 0, "channels": rank}
    return tuple(range(rank)) if axis == "positions" else (behind[axis],)


def _reduced(name: str) -> Maker:
    return lambda op, x, forms, he_normal: forms.reduced(name, x, _axes(op.axis, x), True)


def _transposed(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    size = None if op.height is None else (op.height, op.width)
    return forms.transpose(x, size)


def _crop(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    sides = zip(x.shape, sides_of(op.amount), strict=False)
    return forms.slice(x, tuple((a, n - b, 1) for n, (a, b) in sides))


def _channels(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    whole = tuple((0, n, 1) for n in x.shape[:-1])
    return forms.slice(x, (*whole, (op.start, op.stop, 1)))


def _pad_channels(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    margin = (0, op.total - x.shape[-1])
    return forms.pad(x, (*((0, 0),) * (len(x.shape) - 1), margin))


def _drop_path(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """One draw for a whole sample."""
    return forms.dropout(x, op.rate, tuple(range(1, len(x.shape) + 1)))


def _plain(name: str) -> Maker:
    return lambda op, x, forms, he_normal: forms.pointwise(name, x)


def _bn(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.per_channel(
        "batch norm",
        x,
        momentum=op.momentum,
        epsilon=op.eps,
        scale=op.scale,
        bias=op.shift,
        float32=True,
        **starts_of(op),
    )


def _rescale(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.plus(forms.times(x, op.scale), op.offset)


TERMS: Mapping[str, Maker] = {
    "conv": conv,
    "depthwise": depthwise,
    "separable": separable,
    "conv_transpose": conv_transpose,
    "dense": dense,
    "bn": _bn,
    "layer_norm": lambda op, x, f, he: f.per_channel(
        "layer norm", x, epsilon=op.eps, **starts_of(op)
    ),
    "group_norm": lambda op, x, f, he: f.per_channel(
        "group norm", x, groups=op.groups, epsilon=op.eps, **starts_of(op)
    ),
    "instance_norm": lambda op, x, f, he: f.per_channel(
        "instance norm", x, epsilon=op.eps, scale=op.scale, bias=op.shift, **starts_of(op)
    ),
    "rms_norm": lambda op, x, f, he: f.per_channel("rms norm", x, epsilon=op.eps, **starts_of(op)),
    "grn": lambda op, x, f, he: f.per_channel("grn", x, epsilon=op.eps),
    "l2_normalize": lambda op, x, f, he: f.along(
        "l2 normalize", x, _axes(op.axis, x), epsilon=op.eps
    ),
    "lrn": lambda op, x, f, he: f.pointwise(
        "lrn", x, size=op.size, alpha=op.alpha, beta=op.beta, k=op.k
    ),
    **{
        name: _plain(name)
        for name in (
            *("relu", "relu6", "selu", "swish", "sigmoid", "hard_sigmoid", "hard_swish"),
            *("tanh", "scaled_tanh", "softplus", "mish", "abs", "square", "sqrt", "exp", "log"),
        )
    },
    "leaky_relu": lambda op, x, f, he: f.pointwise("leaky_relu", x, slope=op.slope),
    "elu": lambda op, x, f, he: f.pointwise("elu", x, alpha=1.0),
    "gelu": lambda op, x, f, he: f.pointwise("gelu", x, approximate=False),
    "softmax": _softmax,
    "celu": lambda op, x, f, he: f.pointwise("celu", x, alpha=op.alpha),
    "clip": lambda op, x, f, he: f.pointwise("clip", x, low=op.low, high=op.high),
    "glu": lambda op, x, f, he: f.glu(x),
    "prelu": lambda op, x, f, he: f.per_channel("prelu", x),
    "max_pool": _pool,
    "avg_pool": _pool,
    "global_avg_pool": lambda op, x, f, he: f.reduced("mean", x, _axes("positions", x), op.keep),
    "global_max_pool": lambda op, x, f, he: f.reduced("max", x, _axes("positions", x), op.keep),
    "adaptive_avg_pool": lambda op, x, f, he: f.adaptive_avg_pool(x, op.size),
    "reduce_mean": _reduced("mean"),
    "reduce_max": _reduced("max"),
    "reduce_sum": _reduced("sum"),
    "expand": lambda op, x, f, he: f.expand(x, op.like),
    "transpose": _transposed,
    "subsample": lambda op, x, f, he: f.subsample(x, op.window),
    "rbf": lambda op, x, f, he: f.rbf(x, op.codes),
    "flatten": lambda op, x, f, he: f.reshape(x, op.output(x.shape)),
    "reshape": lambda op, x, f, he: f.reshape(x, op.shape),
    "pad": _border,
    "crop": _crop,
    "channels": _channels,
    "pad_channels": _pad_channels,
    "shuffle": lambda op, x, f, he: f.shuffle(x, op.groups),
    "upsample": lambda op, x, f, he: f.upsample(x, op.factor, op.method),
    "resize": lambda op, x, f, he: f.resize(x, op.size, op.method),
    "pixel_shuffle": lambda op, x, f, he: f.pixel_shuffle(x, op.factor),
    "space_to_depth": lambda op, x, f, he: f.space_to_depth(x, op.factor),
    "dropout": lambda op, x, f, he: f.dropout(x, op.rate, ()),
    "drop_path": _drop_path,
    "scale": lambda op, x, f, he: f.times(x, op.factor),
    "layer_scale": lambda op, x, f, he: f.per_channel("layer scale", x, start=op.init),
    "normalize": lambda op, x, f, he: f.normalize(x, op.mean, op.std),
    "rescale": _rescale,
    "param": lambda op, x, f, he: f.parameter(op.shape, canonical(op.init)),
    "constant": lambda op, x, f, he: f.fixed(op.values, op.output(x.shape)),
}


def term_of(op: Op, x: Term, forms: Forms, he_normal: bool) -> Term:
    """What an op gives; `he_normal` where its result reaches an activation of the ReLU family."""
    if isinstance(op, Brought):
        return forms.brought(x, op.origin(), op.values, op.output(x.shape))
    marks: dict[str, object] = {}
    if isinstance(op, Weighted) and op.frozen:
        marks["frozen"] = True
    if isinstance(op, Kernelled) and op.weight is not None:
        marks["weight"] = op.weight
    with forms.marked(**marks):
        return TERMS[op.name](op, x, forms, he_normal)
