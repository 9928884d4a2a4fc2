"""What flax's modules do on symbolic tensors: they hold settings, and count their calls."""

from __future__ import annotations

from cnndsl.targets.flax.forms import Codes, Forms
from cnndsl.targets.flax.signature import (
    either,
    extents,
    flag,
    integer,
    layer_padding,
    number,
    pair,
    sizes,
    window_padding,
)
from cnndsl.targets.flax.symbolic import (
    Token,
)
from cnndsl.targets.flax.symbolic_modules import (
    Apply,
    Given,
    Initialiser,
    Settle,
    marked,
)
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.targets.python.values import Failure, described

KEEP_FLOAT32 = Token("keep_float32")
STANDARDIZED = Token("standardized")


def _init(given: Given, what: str = "kernel_init") -> str:
    initialiser = given[what]
    if not isinstance(initialiser, Initialiser):
        raise Failure(f"{what} is {described(initialiser)}, no initialiser")
    return initialiser.name


def _starts(given: Given) -> Given:
    """How the factors and offsets of a norm start."""
    names = {"scale start": "scale_init", "bias start": "bias_init"}
    return {name: _init(given, key) for name, key in names.items() if key in given}


def _feeds(channels: int, apply: Apply) -> Apply:
    """Rejects tensors of other channels than a layer was built for."""

    def checked(x: Term, forms: Forms) -> Term:
        if x.shape[-1] != channels:
            raise Unfit(f"a layer for {channels} channels gets {x.shape[-1]}")
        return apply(x, forms)

    return checked


def kernelled(settle: Settle) -> Settle:
    """What else may become of a kernel while its dtype is settled."""

    def settled(given: Given) -> Apply:
        plain, hook = settle(given), given["promote_dtype"]
        if hook is None:
            return plain
        if hook is not STANDARDIZED:
            raise Failure(f"promote_dtype is {described(hook)}")
        return marked(plain, weight="standardized")

    return settled


def _features(given: Given, name: str = "in_features") -> int:
    return integer(given[name], name)


def _kernel(given: Given) -> tuple[int, ...]:
    """The size of a kernel; flax takes an integer for that of a signal."""
    size = given["kernel_size"]
    return sizes((size,) if isinstance(size, int) else size, "kernel_size")


def conv(given: Given) -> Apply:
    filters = integer(given["out_features"], "out_features")
    kernel = _kernel(given)
    stride = either(given["strides"], "strides", len(kernel))
    padding = layer_padding(given["padding"], len(kernel))
    dilation = either(given["kernel_dilation"], "kernel_dilation", len(kernel))
    groups = integer(given["feature_group_count"], "feature_group_count")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    bias_init = _init(given, "bias_init")
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv(
            x, filters, kernel, stride, padding, dilation, groups, bias, init, None, bias_init
        ),
    )


def sparse_conv(given: Given) -> Apply:
    connect = _table(given["connect"])
    kernel = pair(given["kernel_size"], "kernel_size")
    stride = pair(given["strides"], "strides")
    padding = window_padding(given["padding"], 2)
    dilation = pair(given["kernel_dilation"], "kernel_dilation")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv(
            x, len(connect), kernel, stride, padding, dilation, 1, bias, init, connect
        ),
    )


def _table(value: object) -> Codes:
    if not isinstance(value, tuple) or not all(isinstance(row, tuple) for row in value):
        raise Failure(f"the connections are {described(value)}")
    return tuple(tuple(integer(item, "a channel", 0) for item in row) for row in value)


def conv_transpose(given: Given) -> Apply:
    filters = integer(given["out_features"], "out_features")
    kernel = _kernel(given)
    strides = 1 if given["strides"] is None else given["strides"]
    stride = either(strides, "strides", len(kernel))
    padding = layer_padding(given["padding"], len(kernel), -MOST)
    if padding == "CAUSAL":
        raise Failure("a transposed convolution with a causal padding")
    if isinstance(given["padding"], str) and padding != given["padding"]:
        raise Failure("a transposed convolution takes its padding in capitals")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    start = _init(given, "bias_init")
    return _feeds(
        _features(given),
        lambda x, forms: forms.conv_transpose(
            x, filters, kernel, stride, padding, bias, init, start
        ),
    )


MOST = 2**53


def linear(given: Given) -> Apply:
    units = integer(given["out_features"], "out_features")
    bias, init = flag(given["use_bias"], "use_bias"), _init(given)
    start = _init(given, "bias_init")
    return _feeds(_features(given), lambda x, forms: forms.dense(x, units, bias, init, start))


def batch_norm(given: Given) -> Apply:
    settings: Given = {
        "momentum": number(given["momentum"], "momentum"),
        "epsilon": number(given["epsilon"], "epsilon"),
        "scale": flag(given["use_scale"], "use_scale"),
        "bias": flag(given["use_bias"], "use_bias"),
        "float32": given["promote_dtype"] is KEEP_FLOAT32,
        **_starts(given),
    }
    return _per_channel("batch norm", given, "num_features", settings)


def layer_norm(given: Given) -> Apply:
    settings: Given = {"epsilon": number(given["epsilon"], "epsilon"), **_starts(given)}
    return _per_channel("layer norm", given, "num_features", settings)


def group_norm(given: Given) -> Apply:
    groups = integer(given["num_groups"], "num_groups")
    if _features(given, "num_features") % groups:
        raise Unfit(f"{groups} groups of {described(given['num_features'])} channels")
    epsilon = number(given["epsilon"], "epsilon")
    settings: Given = {"groups": groups, "epsilon": epsilon, **_starts(given)}
    return _per_channel("group norm", given, "num_features", settings)


def instance_norm(given: Given) -> Apply:
    settings: Given = {
        "epsilon": number(given["epsilon"], "epsilon"),
        "scale": flag(given["use_scale"], "use_scale"),
        "bias": flag(given["use_bias"], "use_bias"),
        **_starts(given),
    }
    return _per_channel("instance norm", given, "num_features", settings)


def rms_norm(given: Given) -> Apply:
    settings: Given = {"epsilon": number(given["epsilon"], "epsilon"), **_starts(given)}
    return _per_channel("rms norm", given, "num_features", settings)


def global_response_norm(given: Given) -> Apply:
    """Of feature maps, over whose height and width it goes."""
    apply = global_response_norm_nd(given)

    def of_maps(x: Term, forms: Forms) -> Term:
        if len(x.shape) != 3:
            raise Unfit(f"a layer for feature maps gets {len(x.shape)} axes")
        return apply(x, forms)

    return of_maps


def global_response_norm_nd(given: Given) -> Apply:
    settings: Given = {"epsilon": number(given["epsilon"], "epsilon")}
    return _per_channel("grn", given, "features", settings)


def layer_scale(given: Given) -> Apply:
    settings: Given = {"start": number(given["init"], "init")}
    return _per_channel("layer scale", given, "features", settings)


def prelu(given: Given) -> Apply:
    return _per_channel("prelu", given, "features", {})


def _per_channel(op: str, given: Given, features: str, settings: Given) -> Apply:
    return _feeds(_features(given, features), lambda x, forms: forms.per_channel(op, x, **settings))


def _rate(given: Given) -> float:
    rate = number(given["rate"], "rate")
    if not 0 <= rate < 1:
        raise Failure(f"a dropout of {rate}")
    return rate


def subsample(given: Given) -> Apply:
    window = pair(given["window"], "window")
    return _feeds(_features(given, "features"), lambda x, forms: forms.subsample(x, window))


def parameter(given: Given) -> Apply:
    shape, start = extents(given["shape"], "the shape"), _init(given, "init")
    return lambda x, forms: forms.parameter(shape, start)


def dropout(given: Given) -> Apply:
    rate, axes = _rate(given), given["broadcast_dims"]
    if not isinstance(axes, tuple):
        raise Failure(f"a dropout over {described(axes)}")
    shared = tuple(integer(axis, "an axis", 0) for axis in axes)
    return lambda x, forms: forms.dropout(x, rate, shared)


def drop_path_nd(given: Given) -> Apply:
    """Dropout of a number that a whole sample shares."""
    rate = _rate(given)
    return lambda x, forms: forms.dropout(x, rate, tuple(range(1, len(x.shape) + 1)))
