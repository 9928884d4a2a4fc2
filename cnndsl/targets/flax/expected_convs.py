"""The terms of convolutions and dense layers, and of how their tensors start."""

from __future__ import annotations

from typing import Any

from cnndsl.ops.initial import Initial, Start
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Sides, Term, described
from cnndsl.targets.flax.windows import Padding, Sizes, no_sides


def _initialiser(op: Any, he_normal: bool) -> str:
    return canonical(op.init) if op.init is not None else "he_normal" if he_normal else LECUN


LECUN = "lecun_normal"


_SYNONYMS = {
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
}


def canonical(initialiser: Start) -> str:
    """One name of those that jax.nn.initializers has for it, with its arguments."""
    if isinstance(initialiser, Initial):
        return described(initialiser.name, initialiser.args)
    return _SYNONYMS.get(initialiser, initialiser)


def starts_of(op: Any) -> dict[str, str]:
    """How the factors and offsets of a norm start."""
    fields = {"scale start": "scale_init", "bias start": "shift_init"}
    return {name: canonical(getattr(op, f)) for name, f in fields.items() if hasattr(op, f)}


def padding_of(pad: str | tuple[int, ...]) -> Padding:
    return pad.upper() if isinstance(pad, str) else sides_of(pad)


def sides_of(pad: tuple[int, ...]) -> Sides:
    """(top, bottom, left, right) as ((top, bottom), (left, right))."""
    return tuple((pad[i], pad[i + 1]) for i in range(0, len(pad), 2))


def explicit_sides(pad: str | tuple[int, ...], rank: int) -> Sides:
    """The sides of a padding that is no `same`."""
    return no_sides(rank) if isinstance(pad, str) else sides_of(pad)


def conv(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    init = _initialiser(op, he_normal)
    return forms.conv(
        x,
        op.filters,
        op.kernel,
        op.stride,
        padding_of(op.pad),
        op.dilation,
        op.groups,
        op.bias,
        init,
        op.connect,
        canonical(op.bias_init),
    )


def depthwise(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    init, bias_init = _initialiser(op, he_normal), canonical(op.bias_init)
    return _by_channel(op, x, forms, op.bias, init, bias_init)


def _by_channel(
    op: Any, x: Term, forms: Forms, bias: bool, init: str, bias_init: str = "zeros"
) -> Term:
    """Each channel by itself: as many groups as channels."""
    channels = x.shape[-1]
    filters, padding = channels * op.multiplier, padding_of(op.pad)
    return forms.conv(
        x,
        filters,
        op.kernel,
        op.stride,
        padding,
        op.dilation,
        channels,
        bias,
        init,
        None,
        bias_init,
    )


def separable(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """Only the pointwise kernel counts as the one before an activation."""
    hidden = _by_channel(op, x, forms, False, _initialiser(op, False))
    one: Sizes = (1,) * len(op.kernel)
    init = _initialiser(op, he_normal)
    bias = canonical(op.bias_init)
    return forms.conv(hidden, op.filters, one, one, "VALID", one, 1, op.bias, init, None, bias)


def conv_transpose(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    """The padding takes rows and columns off the full result, which lax gives for one
    pixel less than the kernel on each side."""
    padding: Padding = "SAME"
    if op.pad != "same":
        taken = explicit_sides(op.pad, len(op.kernel))
        padding = tuple((n - 1 - a, n - 1 - b) for n, (a, b) in zip(op.kernel, taken, strict=True))
    init = _initialiser(op, he_normal)
    bias = canonical(op.bias_init)
    return forms.conv_transpose(x, op.filters, op.kernel, op.stride, padding, op.bias, init, bias)


def dense(op: Any, x: Term, forms: Forms, he_normal: bool) -> Term:
    return forms.dense(x, op.units, op.bias, _initialiser(op, he_normal), canonical(op.bias_init))
