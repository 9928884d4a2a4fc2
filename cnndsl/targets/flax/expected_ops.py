"""The terms of ops: what the language says that each of them computes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Sides, Term
from cnndsl.targets.flax.windows import Padding, Pair


def merged(name: str, parts: tuple[Term, ...], forms: Forms) -> Term:
    if name == "concat":
        return forms.concat(parts)
    result, *others = parts
    for part in others:
        result = forms.join(name, result, part)
    return result


Maker = Callable[[Any, Term, Forms, bool], Term]


def _initialiser(op: Any, he_normal: bool) -> str:
    return canonical(op.init) if op.init is not None else "he_normal" if he_normal else LECUN


LECUN = "lecun_normal"


_SYNONYMS = {
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
}


def canonical(initialiser: str) -> str:
    """One name of those that jax.nn.initializers has for it."""
    return _SYNONYMS.get(initialiser, initialiser)


def _padding(pad: str | tuple[int, int, int, int]) -> Padding:
    return pad.upper() if isinstance(pad, str) else _sides(pad)


def _sides(pad: tuple[int, int, int, int]) -> Sides:
    top, bottom, left, right = pad
    return (top, bottom), (left, right)


def _conv(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    padding, init = _padding(op.pad), _initialiser(op, he_normal)
    return forms.conv(
        x,
        op.filters,
        op.kernel,
        op.stride,
        padding,
        op.dilation,
        op.groups,
        op.bias,
        init,
        op.connect,
    )


def _depthwise(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return _by_channel(op, x, forms, op.bias, _initialiser(op, he_normal))


def _by_channel(op: Any, x: Term, forms: Forms, bias: bool, init: str) -> Term:
    """Each channel by itself: as many groups as channels."""
    channels = x.shape[-1]
    filters, padding = channels * op.multiplier, _padding(op.pad)
    return forms.conv(x, filters, op.kernel, op.stride, padding, op.dilation, channels, bias, init)


def _separable(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """Only the pointwise kernel counts as the one before an activation."""
    hidden = _by_channel(op, x, forms, False, _initialiser(op, False))
    one: Pair = (1, 1)
    init = _initialiser(op, he_normal)
    return forms.conv(hidden, op.filters, one, one, "VALID", one, 1, op.bias, init)


def _conv_transpose(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """The padding takes rows and columns off the full result, which lax gives for one
    pixel less than the kernel on each side."""
    padding: Padding = "SAME"
    if op.pad != "same":
        taken = _sides((0, 0, 0, 0) if op.pad == "valid" else op.pad)
        (top, bottom), (left, right) = taken
        height, width = op.kernel[0] - 1, op.kernel[1] - 1
        padding = (height - top, height - bottom), (width - left, width - right)
    init = _initialiser(op, he_normal)
    return forms.conv_transpose(x, op.filters, op.kernel, op.stride, padding, op.bias, init)


def _dense(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.dense(x, op.units, op.bias, _initialiser(op, he_normal))


def _pool(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    counts = op.name == "avg_pool" and op.count_pad
    return forms.pool(op.name, x, op.window, op.stride, _padding(op.pad), counts)


def _crop(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    (top, bottom), (left, right) = _sides(op.amount)
    return forms.slice(x, ((top, x.shape[0] - bottom, 1), (left, x.shape[1] - right, 1)))


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
    )


def _rescale(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.plus(forms.times(x, op.scale), op.offset)


TERMS: Mapping[str, Maker] = {
    "conv": _conv,
    "depthwise": _depthwise,
    "separable": _separable,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "bn": _bn,
    "layer_norm": lambda op, x, f, he: f.per_channel("layer norm", x, epsilon=op.eps),
    "group_norm": lambda op, x, f, he: f.per_channel(
        "group norm", x, groups=op.groups, epsilon=op.eps
    ),
    "lrn": lambda op, x, f, he: f.pointwise(
        "lrn", x, size=op.size, alpha=op.alpha, beta=op.beta, k=op.k
    ),
    **{
        name: _plain(name)
        for name in (
            *("relu", "relu6", "selu", "swish", "sigmoid", "hard_sigmoid", "hard_swish"),
            *("tanh", "scaled_tanh", "softplus"),
        )
    },
    "leaky_relu": lambda op, x, f, he: f.pointwise("leaky_relu", x, slope=op.slope),
    "elu": lambda op, x, f, he: f.pointwise("elu", x, alpha=1.0),
    "gelu": lambda op, x, f, he: f.pointwise("gelu", x, approximate=False),
    "softmax": lambda op, x, f, he: f.pointwise("softmax", x, axis="channels"),
    "prelu": lambda op, x, f, he: f.per_channel("prelu", x),
    "max_pool": _pool,
    "avg_pool": _pool,
    "global_avg_pool": lambda op, x, f, he: f.over_map("mean", x, op.keep),
    "global_max_pool": lambda op, x, f, he: f.over_map("max", x, op.keep),
    "subsample": lambda op, x, f, he: f.subsample(x, op.window),
    "rbf": lambda op, x, f, he: f.rbf(x, op.codes),
    "flatten": lambda op, x, f, he: f.reshape(x, op.output(x.shape)),
    "reshape": lambda op, x, f, he: f.reshape(x, op.shape),
    "pad": lambda op, x, f, he: f.pad(x, (*_sides(op.amount), (0, 0))),
    "crop": _crop,
    "channels": _channels,
    "pad_channels": _pad_channels,
    "shuffle": lambda op, x, f, he: f.shuffle(x, op.groups),
    "upsample": lambda op, x, f, he: f.upsample(x, op.factor, op.method),
    "dropout": lambda op, x, f, he: f.dropout(x, op.rate, ()),
    "drop_path": _drop_path,
    "scale": lambda op, x, f, he: f.times(x, op.factor),
    "layer_scale": lambda op, x, f, he: f.per_channel("layer scale", x, start=op.init),
    "normalize": lambda op, x, f, he: f.normalize(x, op.mean, op.std),
    "rescale": _rescale,
}
