"""What the names of layers and of their settings mean, in whatever library, table or sentence.

A name is read by the stems in it and not by its spelling: whatever says `global`, `average` and
`pool` is a global average pool.
"""

from __future__ import annotations

import re

from cnndsl import elsewhere

_OPS = tuple(
    (re.compile(pattern), op)
    for pattern, op in (
        (r"input|imagelayer", "input"),
        (r"transpose|deconv|fractional|upconv|fullconvolution", "conv_transpose"),
        (r"separable|sepconv", "separable"),
        (r"depthwise|dwconv|^dw", "depthwise"),
        (r"conv|pointwise", "conv"),
        (r"glob.*(avg|average|mean)|(avg|average|mean).*glob|\bgap\b|^gap$", "global_avg_pool"),
        (r"glob.*max|max.*glob|^gmp$", "global_max_pool"),
        (r"adaptive.*(avg|average|mean)", "adaptive_avg_pool"),
        (r"(avg|average|mean).*pool", "avg_pool"),
        (r"unpool|upsampl|nearestneighbor|upscal", "upsample"),
        (r"^(?!.*(roi|adapt|lppool)).*pool|subsampl", "max_pool"),
        (r"rescal", "rescale"),
        (r"resiz|interpolat", "resize"),
        (r"batch.*norm|^bn\d*$|^batchn", "bn"),
        (r"group.*norm|^gn$", "group_norm"),
        (r"layer.*norm|^ln$", "layer_norm"),
        (r"instance.*norm|^in$", "instance_norm"),
        (r"rms.*norm", "rms_norm"),
        (r"response|crosschannel|crossmap|lrn", "lrn"),
        (r"drop.*path|stochastic.*depth", "drop_path"),
        (r"dropout", "dropout"),
        (r"dense|linear|fully|innerprod|affine|^fc|^ip\d|^ip$|classifier|connected", "dense"),
        (r"leaky|lrelu", "leaky_relu"),
        (r"prelu", "prelu"),
        (r"relu6", "relu6"),
        (r"relu|rectif", "relu"),
        (r"silu|swish", "swish"),
        (r"gelu", "gelu"),
        (r"selu", "selu"),
        (r"celu", "celu"),
        (r"elu", "elu"),
        (r"mish", "mish"),
        (r"sigmoid|logistic", "sigmoid"),
        (r"softplus", "softplus"),
        (r"logsoftmax", "log_softmax"),
        (r"softmax", "softmax"),
        (r"tanh", "tanh"),
        (r"flatten|^view$|vectoriz", "flatten"),
        (r"pixelshuffle|depthtospace", "pixel_shuffle"),
        (r"shuffle", "shuffle"),
        (r"concat|^cat$|depthcat", "concat"),
        (r"eltwise|^add|addition|^sum$|shortcut|residualadd", "add"),
        (r"multipl|^mul", "mul"),
        (r"zeropad|reflectionpad|replicationpad|^pad", "pad"),
        (r"identity|linear$", "here"),
    )
)
_OTHER = re.compile(  # what has the name of an op in its own, and is another layer
    r"dropout[123]d|spatialdropout|alphadropout|dropblock|deform|lstm|gru|noisy|^bilinear$|ghost"
    r"|gated|partialconv|coordconv|masked|subm|sparse|octave|locallyconnected|maxunpool|fractionalm"
    r"|attention|bottleneck|double|resid(?!ualadd)|mbconv|^convnext|(conv|res|dense|fire)_?(block|unit)"
)
_SEVERAL = 2
_JOINED = re.compile(
    r"sepconv|dwconv|convtranspose|deconv|conv|batchnorm|bn|groupnorm|gn|instancenorm|layernorm|ln"
    r"|leakyrelu|lrelu|prelu|relu6|relu|silu|swish|gelu|selu|elu|mish|sigmoid|tanh|softmax|dropout"
    r"|maxpool|avgpool|pool|linear|dense|fc"
)
# What says nothing of a network: its data, its loss, what is done with it.
SILENT = re.compile(
    r"^(data\w*|\w*loss\w*|accuracy|classification\w*|regression\w*|\w*initiali[sz]\w*|compile|fit"
    r"|summary|print|build|train|eval|hybridize|cuda|to|cpu|collect_params|super|evaluate|manual_?"
    r"seed|set_?\w*seed|save\w*|load\w*|display|show|plot\w*|backward|zero_grad|step|silence)$"
)
_SETTINGS = tuple(
    (re.compile(pattern), meant)
    for pattern, meant in (
        (r"^(kernel|weights?|w)?_?(initi\w*|init|filler)$", "init"),
        (r"^(bias|b)_(initi\w*|init|filler)$", "bias_init"),
        (r"^(gamma|scale)_init", "scale_init"),
        (r"^(beta|shift|center)_init", "shift_init"),
        (r"initi|filler|regulari|constraint|align_corners|antialias", "aside"),
        (r"seed|dtype|device|rngs?$|^(is_)?train(ing)?$|data_?format|name"
         r"|scope|inplace|determin|running|layout|variable|(param|weight)_attr|memory|_decay"
         r"|precision|collections|^key$|lr_mult|engine|normalizer_param", "idle"),
        (r"reuse|trainable|input_dilation|padding_mode|output_pad|return_ind"
         r"|approximate|(start|end)_dim|channel_shared|shared_axes"
         r"|^(kernel|stride|pad|dilation)_[hw]$", "own"),
        (r"^affine$", "affine"),
        (r"^(use_)?scale$", "scale"),
        (r"^(shift|center)$", "shift"),
        (r"^(in|n_?in|c_?in|ch_?in|ic|c1)$|^in_(c|d|f|p|s)|^inplanes|^input_|normalized"
         r"|^num_(features|parameters)$|input_shape$", "arrives"),
        (r"^offset$", "offset"),
        (r"^(low|min_?val(ue)?)$", "low"),
        (r"^(high|max_val)$", "high"),
        (r"^(max|max_value)$", "most"),
        (r"^keep_?dims?$", "keep"),
        (r"ceil", "ceil"),
        (r"count_include", "count_pad"),
        (r"^keep_?prob", "kept"),
        (r"activ|nonlin|^act", "behind"),
        (r"normaliz|^norm", "norm"),
        (r"multiplier", "multiplier"),
        (r"^(kernel|kernel_?(size|shape)|filter_?size|k|ks|k_?size|window\w*|pool_?(size|shape)"
         r"|patch\w*|size|f_?size)$", "kernel"),
        (r"^(strides?|step|s|subsample|window_strides?|pool_?stride)$", "stride"),
        (r"pad|border", "pad"),
        (r"dilat|atrous", "dilation"),
        (r"group", "groups"),
        (r"bias", "bias"),
        (r"^(rate|p|prob\w*|drop\w*|ratio)$", "rate"),
        (r"^eps", "eps"),
        (r"moment|^decay$|^moving_average_fraction$", "momentum"),
        (r"slope|leak|^alpha$", "slope"),
        (r"factor|^scale", "factor"),
        (r"method|^mode$|interpol", "method"),
        (r"^(out|n_?out|c_?out|oc|ch|c|c2|units|filters?|features|planes|channels|maps|nodes|hidden"
         r"|neurons|num|n|outputs?|classes|depth|width|hidden_units)$"
         r"|out(put)?_?[cdfpu]|_out$|num_?(out|filt|chan|unit|hid|kern|class)"
         r"|n_?(filt|unit|kern|chan|class)|output_size|_filters$", "out"),
        (r"axis|^dim$", "axis"),
    )
)  # fmt: skip


def op_meant(name: str) -> str | None:
    """The op that a name stands for, `input` for what says the image; None for no layer."""
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    if name in OPS or name in MERGES:
        return name
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if _OTHER.search(plain):
        return None
    known = elsewhere.op(name)
    if known in OPS and plain not in ("inner", "mean", "avg", "logsoftmax"):
        return known
    plain = re.sub(r"layers?$|^layer(?!norm)|(?<=[a-z])[123]d", "", plain)
    return next((op for pattern, op in _OPS if pattern.search(plain)), None)


def ops_joined(name: str) -> tuple[str, ...]:
    """The ops that a name lists: `ConvBNReLU`, `bn_relu_conv`; none for a name of one op."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    plain = re.sub(r"(?<=[a-z])[123]d|[1-9]x[1-9]|layer$|block$|(?<!relu)\d+$", "", plain)
    words = _JOINED.findall(plain)
    if len(words) < _SEVERAL or "".join(words) != plain or op_spelt(name) is not None:
        return ()
    return tuple(op_meant(word) or word for word in words)


def op_spelt(name: str) -> str | None:
    """The one op that a word names as it is spelt here or elsewhere, whatever stems it has."""
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    if name in OPS or name in MERGES:
        return name
    plain = elsewhere.plain(name)
    return elsewhere.op(name) or next((op for op in OPS if elsewhere.plain(op) == plain), None)


def is_silent(name: str) -> bool:
    return SILENT.match(name.lower()) is not None


def setting_meant(name: str) -> str | None:
    """What a setting says, in one word for all libraries.

    `idle` says nothing of a network. What few libraries have is its own word, as `kernel_h`.
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.strip().replace("-", "_").replace(" ", "_"))
    plain = plain.lower().strip("#_")
    meant = next((meant for pattern, meant in _SETTINGS if pattern.search(plain)), None)
    return plain if meant == "own" else meant
