"""What other frameworks and languages call things, by meaning: PyTorch, Keras, Flax, Python, YAML.

Ops are compared in lower case, without underscores and without the number of dimensions.
"""

from __future__ import annotations

import re

OPS = {
    "adaptiveavgpool": "adaptive_avg_pool",
    "adaptiveaveragepooling": "adaptive_avg_pool",
    "alphadropout": "dropout",
    "averagepool": "avg_pool",
    "averagepooling": "avg_pool",
    "batchnorm": "bn",
    "batchnormalization": "bn",
    "bmm": "matmul",
    "cat": "concat",
    "centercrop": "crop",
    "channelshuffle": "shuffle",
    "clamp": "clip",
    "concatenate": "concat",
    "convolution": "conv",
    "convtranspose": "conv_transpose",
    "cropping": "crop",
    "deconv": "conv_transpose",
    "depthtospace": "pixel_shuffle",
    "depthwiseconv": "depthwise",
    "dot": "matmul",
    "droppath": "drop_path",
    "einsum": "matmul",
    "expandas": "expand",
    "fc": "dense",
    "flops": "macs",
    "fullyconnected": "dense",
    "gap": "global_avg_pool",
    "globalaveragepool": "global_avg_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalmaxpooling": "global_max_pool",
    "globalresponsenorm": "grn",
    "groupnormalization": "group_norm",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
    "hswish": "hard_swish",
    "identity": "here",
    "interpolate": "resize",
    "layernormalization": "layer_norm",
    "leakyrelu": "leaky_relu",
    "linear": "dense",
    "localresponsenorm": "lrn",
    "localresponsenormalization": "lrn",
    "logsoftmax": "softmax",
    "maxpooling": "max_pool",
    "multiply": "mul",
    "parameters": "params",
    "permute": "transpose",
    "pixelunshuffle": "space_to_depth",
    "reflectionpad": "pad",
    "replicationpad": "pad",
    "rescaling": "scale",
    "resizing": "resize",
    "separableconv": "separable",
    "sepconv": "separable",
    "silu": "swish",
    "spatialdropout": "dropout",
    "stochasticdepth": "drop_path",
    "subtract": "sub",
    "sum": "add",
    "unitnorm": "l2_normalize",
    "unitnormalization": "l2_normalize",
    "upsampling": "upsample",
    "zeropadding": "pad",
    "zeropad": "pad",
}

# Arguments: every name that may be meant, the op's own decides.
ARGUMENTS = {
    "activity": (),
    "axis": ("axis",),
    "depth_multiplier": ("multiplier",),
    "dilation_rate": ("dilation",),
    "dilations": ("dilation",),
    "dim": ("axis",),
    "drop_prob": ("rate",),
    "drop_rate": ("rate",),
    "epsilon": ("eps",),
    "feature_group_count": ("groups",),
    "features": ("filters", "units"),
    "filter_size": ("kernel", "window"),
    "interpolation": ("method",),
    "keepdims": ("keep",),
    "keep_dims": ("keep",),
    "keepdim": ("keep",),
    "kernel": ("window",),
    "kernel_dilation": ("dilation",),
    "kernel_init": ("init",),
    "kernel_initializer": ("init",),
    "kernel_shape": ("kernel", "window"),
    "kernel_size": ("kernel", "window"),
    "ksize": ("kernel", "window"),
    "bias_initializer": ("bias_init",),
    "gamma_initializer": ("scale_init",),
    "beta_initializer": ("shift_init",),
    "center": ("shift",),
    "maxval": ("high",),
    "max": ("high",),
    "min": ("low",),
    "max_val": ("high",),
    "min_val": ("low",),
    "mode": ("method", "mode"),
    "negative_slope": ("slope",),
    "alpha": ("slope", "alpha"),
    "num_filters": ("filters",),
    "num_groups": ("groups",),
    "out_channels": ("filters",),
    "out_features": ("units", "filters"),
    "num_outputs": ("units", "filters"),
    "channels": ("filters",),
    "output_size": ("size",),
    "output_dim": ("units",),
    "p": ("rate",),
    "padding": ("pad", "amount"),
    "pool_size": ("window",),
    "prob": ("rate",),
    "scale_factor": ("factor",),
    "size": ("kernel", "window", "factor", "size"),
    "stride": ("stride",),
    "strides": ("stride",),
    "target_shape": ("shape",),
    "upscale_factor": ("factor",),
    "use_bias": ("bias",),
    "use_scale": ("scale",),
    "window_shape": ("window",),
    "window_strides": ("stride",),
}

# Arguments that say what this language knows, or does not have: leaving them out is right.
DROPPED = {
    **dict.fromkeys(("in_channels", "in_features", "num_features", "num_channels"), "arrives"),
    **dict.fromkeys(("normalized_shape", "input_shape", "input_dim", "in_dim"), "arrives"),
    **dict.fromkeys(("inplace", "name", "data_format", "dtype", "device", "rngs"), "no meaning"),
    **dict.fromkeys(("training", "deterministic", "use_running_average"), "no meaning"),
    **dict.fromkeys(("track_running_stats", "seed", "key", "param_dtype"), "no meaning"),
}

VALUES = {
    "True": "true",
    "TRUE": "true",
    "yes": "true",
    "on": "true",
    "False": "false",
    "FALSE": "false",
    "no": "false",
    "off": "false",
    "None": "none",
    "null": "none",
    "nil": "none",
    "SAME": "same",
    "Same": "same",
    "VALID": "valid",
    "Valid": "valid",
}

# Modules whose functions and layers have no module in front of them here.
MODULES = frozenset(
    "nn F torch functional tf keras layers flax linen nnx jax jnp lax np numpy math self".split()
)
TYPES = frozenset("int float bool str list tuple Any Int Float Tensor".split())


def plain(word: str) -> str:
    """A name of an op, without what differs from framework to framework."""
    return re.sub(r"[123]d", "", word.lower().replace("_", ""))


def op(word: str) -> str | None:
    """What an op of another framework is called here."""
    return OPS.get(plain(word))
