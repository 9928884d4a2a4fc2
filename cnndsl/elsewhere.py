"""What other frameworks and languages call things, by meaning: PyTorch, Keras, Flax, Python, YAML.

Ops are compared in lower case, without underscores and without the number of dimensions.
"""

from __future__ import annotations

import re

OPS = {
    "amax": "global_max_pool",
    "avg": "global_avg_pool",
    "route": "concat",
    "shortcut": "add",
    "convolutional": "conv",
    "convolution2dlayer": "conv",
    "connected": "dense",
    "inner": "dense",
    "averagepooling2dlayer": "avg_pool",
    "maxpool": "max_pool",
    "avgpool": "avg_pool",
    "deconvolution": "conv_transpose",
    "transposedconv": "conv_transpose",
    "additionlayer": "add",
    "addition": "add",
    "depthconcatenation": "concat",
    "crosschannelnormalization": "lrn",
    "groupedconvolution": "conv",
    "batchnormscale": "bn",
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
    "chunk": "split",
    "clamp": "clip",
    "concatenate": "concat",
    "convolution": "conv",
    "convtranspose": "conv_transpose",
    "cropping": "crop",
    "deconv": "conv_transpose",
    "depthtospace": "pixel_shuffle",
    "depthwiseconv": "depthwise",
    "dot": "matmul",
    "dropblock": "dropout",
    "dwconv": "depthwise",
    "droppath": "drop_path",
    "einsum": "matmul",
    "eltwise": "add",
    "elementwiseadd": "add",
    "expandas": "expand",
    "fc": "dense",
    "flops": "macs",
    "fullyconnected": "dense",
    "gap": "global_avg_pool",
    "gemm": "dense",
    "globalaveragepool": "global_avg_pool",
    "globalaveragepooling": "global_avg_pool",
    "globalmaxpooling": "global_max_pool",
    "globalresponsenorm": "grn",
    "groupnormalization": "group_norm",
    "gmp": "global_max_pool",
    "hardtanh": "clip",
    "hardsigmoid": "hard_sigmoid",
    "hardswish": "hard_swish",
    "hswish": "hard_swish",
    "identity": "here",
    "innerproduct": "dense",
    "interpolate": "resize",  # or the other one of ALSO
    "layernormalization": "layer_norm",
    "leaky": "leaky_relu",
    "leakyrelu": "leaky_relu",
    "logistic": "sigmoid",
    "lrelu": "leaky_relu",
    "pool": "max_pool",
    "linear": "dense",
    "localresponsenorm": "lrn",
    "localresponsenormalization": "lrn",
    "logsoftmax": "softmax",
    "maxpooling": "max_pool",
    "mean": "global_avg_pool",
    "movedim": "transpose",
    "multiply": "mul",
    "parameters": "params",
    "permute": "transpose",
    "pixelunshuffle": "space_to_depth",
    "pointwise": "conv",
    "pooling": "max_pool",
    "pointwiseconv": "conv",
    "reflectionpad": "pad",
    "replicationpad": "pad",
    "rescaling": "rescale",
    "resizing": "resize",
    "separableconv": "separable",
    "sepconv": "separable",
    "shakedrop": "drop_path",
    "silu": "swish",
    "spatialdropout": "dropout",
    "stack": "concat",
    "stochasticdepth": "drop_path",
    "subtract": "sub",
    "sum": "add",
    "unitnorm": "l2_normalize",
    "unitnormalization": "l2_normalize",
    "unflatten": "reshape",
    "unstack": "split",
    "upsampling": "upsample",
    "upsamplingbilinear": "upsample",
    "upsamplingnearest": "upsample",
    "view": "flatten",
    "zeropadding": "pad",
    "zeropad": "pad",
}

# Other ops that may be meant: the arguments of a call decide.
ALSO = {
    "interpolate": ("upsample",),
    "mean": ("reduce_mean",),
    "avg": ("reduce_mean",),
    "amax": ("reduce_max",),
    "view": ("reshape",),
    "upsampling": ("resize",),
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
    "local_size": ("size",),
    "Padding": ("pad", "amount"),
    "DilationFactor": ("dilation",),
    "NumGroups": ("groups",),
    "PoolSize": ("window",),
    "FilterSize": ("kernel",),
    "NumFilters": ("filters",),
    "depth_radius": ("size",),
    "lrn_size": ("size",),
    "num_output": ("filters", "units"),
    "numfilters": ("filters",),
    "kernel_h": ("kernel", "window"),
    "kernel_w": ("kernel", "window"),
    "stride_h": ("stride",),
    "stride_w": ("stride",),
    "group": ("groups",),
    "bias_term": ("bias",),
    "has_bias": ("bias",),
    "with_bias": ("bias",),
    "weight_filler": ("init",),
    "bias_filler": ("bias_init",),
    "bias_init_value": ("bias_init",),
    "dropout_ratio": ("rate",),
    "dropout_rate": ("rate",),
    "keep_dimension": ("keep",),
    "ceil_mode": ("ceil",),
    "count_include_pad": ("count_pad",),
    "pool": ("window",),
    "ks": ("kernel", "window"),
    "k_size": ("kernel", "window"),
    "out_ch": ("filters", "units"),
    "output_channels": ("filters",),
    "n_out": ("filters", "units"),
    "dilate": ("dilation",),
    "expansion": ("multiplier",),
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
    "hidden": ("units", "filters"),
    "neurons": ("units",),
    "nodes": ("units",),
    "num_classes": ("units", "classes"),
    "out": ("filters", "units"),
    "n_filters": ("filters",),
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
    "scale": ("factor",),
    "scale_factor": ("factor",),
    "size": ("kernel", "window", "factor", "size"),
    "stride": ("stride",),
    "strides": ("stride",),
    "target_shape": ("shape",),
    "upscale_factor": ("factor",),
    "block_size": ("factor",),
    "weight_init": ("init",),
    "weight_initializer": ("init",),
    "weights_initializer": ("init",),
    "initializer": ("init",),
    "use_bias": ("bias",),
    "use_scale": ("scale",),
    "window_shape": ("window",),
    "window_strides": ("stride",),
}

# Arguments that say what this language knows, says elsewhere, or does not have: leaving them out is
# right, and why.
_ARRIVES = "what arrives tells it"
_NOTHING = "it has no meaning here"
_DECAY = "`weight_decay` of `train { … }` says it for the whole network"
DROPPED = {
    **dict.fromkeys(("in_channels", "in_features", "num_features", "num_channels"), _ARRIVES),
    **dict.fromkeys(("normalized_shape", "input_shape", "input_dim", "in_dim"), _ARRIVES),
    **dict.fromkeys(("batch_input_shape", "input_size", "in_planes", "in_ch"), _ARRIVES),
    **dict.fromkeys(("inplace", "dtype", "device", "rngs", "training"), _NOTHING),
    **dict.fromkeys(("deterministic", "use_running_average", "seed", "key"), _NOTHING),
    **dict.fromkeys(("track_running_stats", "param_dtype", "precision"), _NOTHING),
    **dict.fromkeys(("kernel_regularizer", "bias_regularizer", "weight_decay"), _DECAY),
    **dict.fromkeys(("activity_regularizer", "regularizer"), _DECAY),
    **dict.fromkeys(("data_format", "memory_format"), "maps are height x width x channels"),
    **dict.fromkeys(("align_corners", "antialias"), "pixels are areas, as without it"),
    "approximate": "`gelu` is the exact form",
    "axis": "it works along the channels",
    "name": "a result is named at the end of its chain, `… as stem`",
}

# Values of arguments that an op lacks, by which it is as it is here.
NOTHING = ("false", "none", "0", "0.0", "zeros")
SAYS_NOTHING = {
    **dict.fromkeys(("trainable", "bias", "affine", "scale", "shift"), ("true",)),
    **dict.fromkeys(("multiplier", "groups", "dilation", "input_dilation", "start_dim"), ("1",)),
    **dict.fromkeys(("kernel", "stride"), ("1",)),
    "slope": ("1", "1.0"),  # of ELU
    "end_dim": ("-1", "3"),
}

# What arguments mean by their places, where libraries agree.
BY_PLACE = {
    **dict.fromkeys(("dropout", "drop_path"), ("rate",)),
    **dict.fromkeys(("leaky_relu", "elu", "celu"), ("slope",)),
    **dict.fromkeys(("resize", "adaptive_avg_pool", "lrn"), ("size",)),
    **dict.fromkeys(("softmax", "log_softmax"), ("axis",)),
    "depthwise": ("kernel", "stride", "pad"),
    "group_norm": ("groups", "arrives", "eps"),
    "pad": ("pad",),
    "pixel_shuffle": ("factor",),
    "shuffle": ("groups",),
    "relu": ("most", "slope"),
    "layer_norm": ("arrives", "eps"),
    "rescale": ("scale", "offset"),
    "clip": ("low", "high"),
    "gelu": ("approximate",),
    "prelu": ("arrives",),
    "flatten": ("start_dim", "end_dim"),
    "here": ("idle",) * 3,
}

# What is said of training and of programs, by a call, and where it stands here.
PLACES = {
    **dict.fromkeys(("compile", "fit", "optimizer", "loss", "learning_rate"), "train"),
    **dict.fromkeys(("adam", "sgd", "rmsprop", "adamw", "scheduler", "epochs"), "train"),
    **dict.fromkeys(("crossentropyloss", "cross_entropy", "crossentropy", "mseloss"), "train"),
    **dict.fromkeys(("randomhorizontalflip", "randomflip", "randomcrop"), "augment"),
    **dict.fromkeys(("totensor", "tofloat"), "preprocess"),
    **dict.fromkeys(("output", "outputs", "result"), "output"),
    **dict.fromkeys(("summary", "print", "plot_model", "build"), "summary"),
    **dict.fromkeys(("metrics", "metric", "batch_size", "train_loss"), "train"),
    **dict.fromkeys(("name", "title", "description"), "name"),
    **dict.fromkeys(("load_weights", "load_state_dict", "from_pretrained"), "weights"),
    **dict.fromkeys(("lambda", "einsum", "apply_fn"), "function"),
    **dict.fromkeys(("parameter", "add_weight", "register_buffer"), "tensor"),
    **dict.fromkeys(("weight_norm", "weightnorm", "weightnormalization"), "weight_norm"),
    **dict.fromkeys(("spectral_norm", "spectralnorm", "spectralnormalization"), "spectral_norm"),
    **dict.fromkeys(("freeze", "stop_gradient", "detach"), "frozen"),
}
SAID = {
    "train": "how a network is trained stands in `train { … }`: optimizer, schedule, epochs, batch",
    "augment": "images are changed by `augment` in `train { … }`: augment crop(pad = 4), flip",
    "preprocess": "what an image goes through before stands in `preprocess { … }`",
    "output": "the last line is the result; `output NAME` at the end of a chain names one",
    "summary": "a spec prints nothing: `cnndsl summary` shows its layers",
    "name": "a model has its name behind `model`, and what it is in a comment, behind `#`",
    "weights": "a spec has no weights: `cnndsl weights import` fills its network",
    "function": "ops say it: scale(0.5), square, mul [ x, y ]; what none does is a class of yours:"
    ' op NAME(…) from "module:Class" { … }',
    "tensor": "a tensor is a statement: param gate = zeros([1, 1, 64]) learns, constant does not",
    "weight_norm": "it is said of the kernel: conv(…, weight = normalized)",
    "spectral_norm": "it is said of the kernel: conv(…, weight = spectral)",
    "frozen": "it is said of layers: conv(…, frozen = true)",
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
    "identity": "none",
    "Identity": "none",
    "SAME": "same",
    "Same": "same",
    "VALID": "valid",
    "Valid": "valid",
}

# What is known of the tensor that arrives, and has no name of its own.
ARRIVES = {
    **dict.fromkeys(("in_channels", "in_ch", "in_chans", "in_planes", "inplanes"), "in.channels"),
    **dict.fromkeys(("in_features", "input_channels", "input_dim", "c_in"), "in.channels"),
    **dict.fromkeys(
        ("in_filters", "in_dim", "nin", "n_in", "num_in", "din", "cin", "inp"), "in.channels"
    ),
}

# Arguments that name a layer behind the one that gets them.
LAYERS = frozenset(
    "activation act activation_fn act_layer nonlinearity nonlin norm normalization norm_layer"
    " normalizer_fn norm_fn".split()
)

# What runs layers several times, by a name in front of them.
REPEATS = frozenset("repeat loop times rep replicate duplicate".split())

# How a convolution of PyTorch pads, as an argument of `pad`.
PADDING_MODES = {"zeros": "zero", "reflect": "reflect", "replicate": "edge", "edge": "edge"}

# Modules whose functions and layers have no module in front of them here.
MODULES = frozenset(
    "nn F torch functional tf keras layers flax linen nnx jax jnp lax np numpy math self".split()
)
TYPES = frozenset("int float bool str list tuple Any Int Float Tensor".split())


_LEAST = 8  # pixels of a side, so that three numbers can only be one way around
_POSITIONS = re.compile(r"\[?(1,2|2,3|-2,-1|-3,-2)\]?".replace(",", r"(?:,|x)?\s*"))


def plain(word: str) -> str:
    """A name of an op, without what differs from framework to framework."""
    return re.sub(r"[123]d", "", word.lower().replace("_", "")).removesuffix("layer")


def op(word: str) -> str | None:
    """What an op of another framework is called here."""
    return OPS.get(plain(word))


def ops(word: str) -> tuple[str, ...]:
    """All that it may be called, the likeliest first."""
    first = op(word)
    return () if first is None else (first, *ALSO.get(plain(word), ()))


def said_elsewhere(word: str) -> str | None:
    """Where what a call of another framework does is said here."""
    place = PLACES.get(word.lower())
    return None if place is None else SAID[place]


def of_sizes(word: str, args: list[str]) -> str | None:
    """The element that a call with dimensions is: `view(-1, 512)` flattens, as `mean([1, 2])` is
    the average of every map.
    """
    name = plain(word)
    if name == "view" and len(args) == 2:
        return "flatten"
    if name in ("mean", "avg", "amax") and _POSITIONS.fullmatch("".join(args)):
        return OPS[name]
    return None


def size(sides: list[str], is_image: bool = False) -> str:
    """A size or a list as it is written here; the channels of an image stand last."""
    plain = all(each.isdigit() for each in sides)
    if plain and is_image and len(sides) == 3:
        first, *others = map(int, sides)
        if first in (1, 3) and min(others) >= _LEAST:
            sides = [*sides[1:], sides[0]]
    return "x".join(sides) if plain and len(sides) in (2, 3) else f"[{', '.join(sides)}]"
