"""The layers of flax and those that modules carry: their signatures, and what they do."""

from __future__ import annotations

from cnndsl.targets.flax.signature import Signature
from cnndsl.targets.flax.symbolic_layers import (
    batch_norm,
    conv,
    conv_transpose,
    drop_path_nd,
    dropout,
    global_response_norm,
    global_response_norm_nd,
    group_norm,
    instance_norm,
    kernelled,
    layer_norm,
    layer_scale,
    linear,
    parameter,
    prelu,
    rms_norm,
    sparse_conv,
    subsample,
)
from cnndsl.targets.flax.symbolic_modules import Given, Initialiser, Kind, Settle


def _kind(
    name: str,
    required: tuple[str, ...],
    settle: Settle,
    optional: Given | None = None,
    keyword: Given | None = None,
    takes_rngs: bool = True,
) -> Kind:
    rngs: Given = {"rngs": None} if takes_rngs else {}
    signature = Signature(name, required, optional, {**(keyword or {}), **rngs})
    return Kind(signature, settle, takes_rngs)


_FEATURES = ("in_features", "out_features")


_WINDOW: Given = {"padding": "SAME", "kernel_dilation": 1, "feature_group_count": 1}


_WINDOW_OF_PAIRS: Given = {"padding": "SAME", "kernel_dilation": (1, 1)}


_ZEROS, _ONES = Initialiser("zeros"), Initialiser("ones")


_KERNEL: Given = {
    "use_bias": True,
    "kernel_init": Initialiser("lecun_normal"),
    "bias_init": _ZEROS,
    "promote_dtype": None,
}


_STARTS: Given = {"scale_init": _ONES, "bias_init": _ZEROS}


_BATCH_NORM: Given = {
    "momentum": 0.99,
    "epsilon": 1e-5,
    "use_bias": True,
    "use_scale": True,
    "promote_dtype": None,
    **_STARTS,
}


KINDS: dict[str, Kind] = {
    "Conv": _kind(
        "nnx.Conv",
        (*_FEATURES, "kernel_size"),
        kernelled(conv),
        {"strides": 1},
        {**_WINDOW, **_KERNEL},
    ),
    "ConvTranspose": _kind(
        "nnx.ConvTranspose",
        (*_FEATURES, "kernel_size"),
        kernelled(conv_transpose),
        {"strides": None},
        {"padding": "SAME", **_KERNEL},
    ),
    "Linear": _kind("nnx.Linear", _FEATURES, kernelled(linear), {}, _KERNEL),
    "BatchNorm": _kind("nnx.BatchNorm", ("num_features",), batch_norm, {}, _BATCH_NORM),
    "LayerNorm": _kind(
        "nnx.LayerNorm", ("num_features",), layer_norm, {}, {"epsilon": 1e-6, **_STARTS}
    ),
    "RMSNorm": _kind(
        "nnx.RMSNorm", ("num_features",), rms_norm, {}, {"epsilon": 1e-6, "scale_init": _ONES}
    ),
    "InstanceNorm": _kind(
        "nnx.InstanceNorm",
        ("num_features",),
        instance_norm,
        {},
        {"epsilon": 1e-6, "use_bias": True, "use_scale": True, **_STARTS},
    ),
    "GroupNorm": _kind(
        "nnx.GroupNorm",
        ("num_features",),
        group_norm,
        {"num_groups": 32},
        {"epsilon": 1e-6, **_STARTS},
    ),
    "Dropout": Kind(
        Signature("nnx.Dropout", ("rate",), {}, {"broadcast_dims": (), "rngs": None}),
        dropout,
        is_weighted=False,
    ),
}


HELPER_KINDS: dict[str, Kind] = {
    "parameter": _kind("Parameter", ("shape", "init"), parameter),
    "prelu": _kind("PReLU", ("features",), prelu, takes_rngs=False),
    "layer_scale": _kind(
        "LayerScale", ("features",), layer_scale, {"init": 1e-6}, takes_rngs=False
    ),
    **{
        fragment: _kind(name, ("features",), settle, {"epsilon": 1e-6}, takes_rngs=False)
        for fragment, name, settle in (
            ("global_response_norm", "GlobalResponseNorm", global_response_norm),
            ("global_response_norm_nd", "GlobalResponseNormNd", global_response_norm_nd),
        )
    },
    "drop_path_nd": Kind(
        Signature("DropPathNd", ("rate",), {}, {"rngs": None}), drop_path_nd, is_weighted=False
    ),
    "subsample": _kind("Subsample", ("features", "window"), subsample, takes_rngs=False),
    "sparse_conv": _kind(
        "SparseConv",
        ("in_features", "connect", "kernel_size"),
        sparse_conv,
        {"strides": (1, 1)},
        {**_WINDOW_OF_PAIRS, "use_bias": True, "kernel_init": None},
    ),
}
