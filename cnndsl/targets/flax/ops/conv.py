"""Convolutions, dense layers, and how their kernels are initialised."""

from __future__ import annotations

from cnndsl.ops.conv import ConvTranspose
from cnndsl.ops.initial import Initial, Start
from cnndsl.ops.window import by_axis, sides
from cnndsl.targets.flax.ops.emission import (
    WEIGHT,
    Built,
    Context,
    Emission,
    Emitter,
    Fields,
    applied,
    axes,
    component,
    equals,
    is_one,
    layer,
    padding,
    pairs,
    square,
    starts,
    strides,
    through,
    unless,
)
from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.expressions import call, constant
from cnndsl.targets.python.tree import Constant, Expr, Name, Tuple

# An initialiser, by its name in jax.nn.initializers; two of them are no factories there.
_NOT_FACTORIES = {"zeros": "zeros_init", "ones": "ones_init"}


def initializer(name: Start) -> Expr:
    """The expression that makes an initialiser of jax.nn.initializers."""
    if isinstance(name, Initial):
        return call(f"nnx.initializers.{name.name}", *map(constant, name.args))
    if name == "dirac":
        return Name("dirac")
    return call(f"nnx.initializers.{_NOT_FACTORIES.get(name, name)}")


def _init(context: Context) -> dict[str, Expr]:
    kernel = {} if context.initializer is None else {"kernel_init": context.initializer}
    return kernel | starts(context, bias_init="bias_init")


def _conv(f: Fields, x: Expr, context: Context) -> Emission:
    if f["connect"] != Constant(None):
        return _sparse(f, x, context)
    keywords = _window(f) | unless(feature_group_count=(f["groups"], 1), use_bias=(f["bias"], True))
    args = (x, f["filters"], f["kernel"], *strides(f))
    return layer(WEIGHT, Built("conv", "nnx.Conv", args, keywords | _init(context)))


def _window(f: Fields) -> dict[str, Expr]:
    """Padding and dilation of a convolution, less what flax assumes."""
    keywords: dict[str, Expr] = {}
    # A single pixel is never padded: "VALID" would only be another word for "SAME".
    single = equals(f["pad"], "valid") and is_one(f, "kernel")
    if not equals(f["pad"], "same") and not single:
        keywords["padding"] = padding(f)
    if not is_one(f, "dilation"):
        keywords["kernel_dilation"] = square(f["dilation"])
    return keywords


def _depthwise_built(f: Fields, x: Expr, keywords: dict[str, Expr]) -> Built:
    args = (x, binary("*", x, f["multiplier"]), f["kernel"], *strides(f))
    keywords = _window(f) | {"feature_group_count": x} | keywords
    return Built("depthwise", "nnx.Conv", args, keywords)


def _depthwise(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(use_bias=(f["bias"], True)) | _init(context)
    return layer(WEIGHT, _depthwise_built(f, x, keywords))


def _separable(f: Fields, x: Expr, context: Context) -> Emission:
    """Only what the activation follows starts He-normal: the pointwise half."""
    own = {} if context.given is None else {"kernel_init": context.given}
    depthwise = _depthwise_built(f, x, {"use_bias": Constant(False)} | own)
    args = (depthwise.args[1], f["filters"], constant((1,) * axes(f)))
    keywords = unless(use_bias=(f["bias"], True)) | _init(context)
    pointwise = Built("pointwise", "nnx.Conv", args, keywords)
    return Emission(WEIGHT, through, (depthwise, pointwise))


def _sparse(f: Fields, x: Expr, context: Context) -> Emission:
    """A convolution with `connect`: the module takes windows in lax's form, and always an
    initialiser, for a default would be a call in its signature.
    """
    init = {"kernel_init": context.initializer or initializer("lecun_normal")}
    keywords: dict[str, Expr] = {}
    if not equals(f["pad"], "same"):
        pad = f["pad"]
        keywords["padding"] = pairs(pad, 2) if isinstance(pad, Tuple) else padding(f)
    keywords |= unless(kernel_dilation=(f["dilation"], (1, 1)), use_bias=(f["bias"], True))
    stride = () if equals(f["stride"], (1, 1)) else (f["stride"],)
    connect = context.constant("connect", f["connect"])
    args = (x, connect, f["kernel"], *stride)
    return layer(WEIGHT, Built("conv", "SparseConv", args, keywords | init), "sparse_conv")


def _conv_transpose(f: Fields, x: Expr, context: Context) -> Emission:
    """lax pads the stretched input, by one pixel less than the kernel for a full result."""
    keywords: dict[str, Expr] = {}
    if not equals(f["pad"], "same"):
        keywords["padding"] = _transposed_padding(f)
    keywords |= unless(use_bias=(f["bias"], True)) | _init(context)
    args = (x, f["filters"], f["kernel"], *strides(f))
    return layer(WEIGHT, Built("conv", "nnx.ConvTranspose", args, keywords))


def transposed_padding(op: ConvTranspose) -> str | tuple[tuple[int, int], ...]:
    """What pads the stretched input of a known op, as flax takes it."""
    if op.pad == "same":
        return "SAME"
    taken = by_axis(sides(op.pad, len(op.kernel)))
    return tuple((k - 1 - a, k - 1 - b) for k, (a, b) in zip(op.kernel, taken, strict=True))


def _transposed_padding(f: Fields) -> Expr:
    """The same in the words of an author; what is neither margins nor a word was worked out."""
    if not isinstance(f["pad"], (Tuple, Constant)):
        return f["pad"]
    rank = axes(f)
    kernel = [component(f["kernel"], i) for i in range(rank)]
    stride = [component(f["stride"], i) for i in range(rank)]
    known = all(isinstance(e, Constant) for e in (*kernel, *stride))
    if known and equals(f["pad"], "valid"):
        sizes = [e.value for e in (*kernel, *stride) if isinstance(e, Constant)]
        if all(isinstance(k, int) and isinstance(s, int) and k >= s
               for k, s in zip(sizes[:rank], sizes[rank:], strict=True)):  # fmt: skip
            return Constant("VALID")  # below that, lax's "VALID" appends stride - kernel zeros
    zero = Constant(0)
    count = 2 * rank
    none = equals(f["pad"], "valid")
    taken = [zero] * count if none else [component(f["pad"], i) for i in range(count)]
    reach = [binary("-", kernel[i // 2], Constant(1)) for i in range(count)]
    around = [binary("-", reach[i], taken[i]) for i in range(count)]
    return around[0] if len(set(around)) == 1 else pairs(Tuple(tuple(around)), rank)


def _dense(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(use_bias=(f["bias"], True)) | _init(context)
    return layer(WEIGHT, Built("dense", "nnx.Linear", (x, f["units"]), keywords))


def _rbf(f: Fields, x: Expr, context: Context) -> Emission:
    codes = context.constant("codes", f["codes"])
    return Emission(WEIGHT, applied("rbf", codes), helpers=("rbf",))


EMITTERS: dict[str, Emitter] = {
    "conv": _conv,
    "depthwise": _depthwise,
    "separable": _separable,
    "conv_transpose": _conv_transpose,
    "dense": _dense,
    "rbf": _rbf,
}
