"""Convolutions, dense layers, and how their kernels are initialised."""

from __future__ import annotations

from typing import Any

from cnndsl.ops.base import Op, Shape, times
from cnndsl.targets.flax.calls.common import (
    Emitter,
    call,
    initializer,
    layer,
    padding,
    pairs,
    square,
    strides,
    through,
    unless,
)
from cnndsl.targets.flax.emission import Call, Code, Constant, Context, Emission, Layer, Role

# After these a kernel starts He-normal; elsewhere flax's default, LeCun-normal, stands.
RELU_FAMILY = frozenset(
    {"relu", "relu6", "leaky_relu", "prelu", "elu", "gelu", "swish", "hard_swish"}
)


def _init(op: Op, context: Context) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The keyword for the initialiser, and the helper that it takes."""
    after_relu = "he_normal" if context.followed_by in RELU_FAMILY else "lecun_normal"
    name = after_relu if op.init is None else op.init
    if name == "lecun_normal":
        return {}, ()
    if name == "he_normal":
        return {"kernel_init": Code("he_normal")}, ("he_normal",)
    return {"kernel_init": Code(initializer(name))}, ()


def _conv(op: Op, x: Shape, context: Context) -> Emission:
    if op.connect is not None:
        return _sparse(op, x, context)
    init, helpers = _init(op, context)
    keywords = _window(op, context) | unless(
        context, feature_group_count=(op.groups, 1), use_bias=(op.bias, True)
    )
    args = (x[-1], op.filters, op.kernel, *strides(op.stride, context))
    return layer(Role.WEIGHT, "conv", Call("nnx.Conv", args, keywords | init), *helpers)


def _window(op: Op, context: Context) -> dict[str, Any]:
    """Padding and dilation of a convolution, less what flax assumes."""
    keywords: dict[str, Any] = {}
    # A single pixel is never padded: "VALID" would only be another word for "SAME".
    if op.pad != "same" and not (op.pad == "valid" and context.always(op.kernel, (1, 1))):
        keywords["padding"] = padding(op.pad, context)
    if not context.always(op.dilation, (1, 1)):
        keywords["kernel_dilation"] = square(op.dilation, context)
    return keywords


def _depthwise_layer(op: Op, x: Shape, context: Context, keywords: dict[str, Any]) -> Layer:
    channels = x[-1]
    args = (channels, times(channels, op.multiplier), op.kernel, *strides(op.stride, context))
    keywords = _window(op, context) | {"feature_group_count": channels} | keywords
    return Layer("depthwise", Call("nnx.Conv", args, keywords))


def _depthwise(op: Op, x: Shape, context: Context) -> Emission:
    init, helpers = _init(op, context)
    keywords = unless(context, use_bias=(op.bias, True)) | init
    return Emission(Role.WEIGHT, through, (_depthwise_layer(op, x, context, keywords),), helpers)


def _separable(op: Op, x: Shape, context: Context) -> Emission:
    """Only what the activation follows starts He-normal: the pointwise half."""
    first_init, first_helpers = _init(op, Context())
    init, helpers = _init(op, context)
    depthwise = _depthwise_layer(op, x, context, {"use_bias": False} | first_init)
    pointwise = Call(
        "nnx.Conv",
        (depthwise.call.args[1], op.filters, (1, 1)),
        unless(context, use_bias=(op.bias, True)) | init,
    )
    layers = (depthwise, Layer("pointwise", pointwise))
    return Emission(Role.WEIGHT, through, layers, tuple(dict.fromkeys(first_helpers + helpers)))


def _sparse(op: Op, x: Shape, context: Context) -> Emission:
    """A convolution with `connect`: the module takes windows in lax's form, and always an
    initialiser, for a default would be a call in its signature.
    """
    init, helpers = _init(op, context)
    init = init or {"kernel_init": Code(initializer("lecun_normal"))}
    connect = Constant("connect", op.connect)
    keywords: dict[str, Any] = {}
    if op.pad != "same":
        keywords["padding"] = "VALID" if op.pad == "valid" else pairs(op.pad)
    keywords |= unless(context, kernel_dilation=(op.dilation, (1, 1)), use_bias=(op.bias, True))
    stride = () if context.always(op.stride, (1, 1)) else (op.stride,)
    args = (x[-1], connect, op.kernel, *stride)
    return Emission(
        Role.WEIGHT,
        through,
        (Layer("conv", Call("SparseConv", args, keywords | init)),),
        (*helpers, "sparse_conv"),
        (connect,),
    )


def _conv_transpose(op: Op, x: Shape, context: Context) -> Emission:
    """lax pads the stretched input, by one pixel less than the kernel for a full result."""
    init, helpers = _init(op, context)
    keywords: dict[str, Any] = {}
    if op.pad != "same":
        keywords["padding"] = _transposed_padding(op, context)
    keywords |= unless(context, use_bias=(op.bias, True))
    args = (x[-1], op.filters, op.kernel, *strides(op.stride, context))
    return layer(Role.WEIGHT, "conv", Call("nnx.ConvTranspose", args, keywords | init), *helpers)


def _transposed_padding(op: Op, context: Context) -> Any:
    varies = any(map(context.varies, (*op.kernel, *op.stride)))
    overlaps = all(k >= s for k, s in zip(op.kernel, op.stride, strict=True))
    if op.pad == "valid" and overlaps and not varies:
        return "VALID"  # below that, lax's "VALID" appends stride - kernel zeros
    top, bottom, left, right = (0, 0, 0, 0) if op.pad == "valid" else op.pad
    height, width = op.kernel
    if context.alike(height, width) and context.alike(top, bottom, left, right):
        return height - 1 - top
    return pairs((height - 1 - top, height - 1 - bottom, width - 1 - left, width - 1 - right))


def _dense(op: Op, x: Shape, context: Context) -> Emission:
    init, helpers = _init(op, context)
    keywords = unless(context, use_bias=(op.bias, True)) | init
    return layer(Role.WEIGHT, "dense", Call("nnx.Linear", (x[-1], op.units), keywords), *helpers)


def _rbf(op: Op, x: Shape, context: Context) -> Emission:
    codes = Constant("codes", op.codes)
    return Emission(Role.WEIGHT, call("rbf", codes), helpers=("rbf",), constants=(codes,))


EMITTERS: dict[str, Emitter] = {
    "conv": _conv,
    "depthwise": _depthwise,
    "separable": _separable,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "rbf": _rbf,
}
