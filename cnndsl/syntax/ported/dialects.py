"""What libraries leave unsaid: the places of their arguments, and what holds without them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from cnndsl.elsewhere import BY_PLACE

_TORCH = ("arrives", "out", "kernel", "stride", "pad", "dilation", "groups", "bias")
_KERAS = ("out", "kernel", "stride", "pad")


@dataclass(frozen=True)
class Dialect:
    """How a notation is read.

    `conv` and `pool` are their arguments by place; `pads` whether a convolution pads by default,
    `moves` whether a pool moves by its window; `flattens` whether a dense layer takes a map; `norm`
    and `upsample` are arguments by place too.
    """

    conv: tuple[str, ...] = _KERAS
    pool: tuple[str, ...] = ("kernel", "stride", "pad")
    dense: tuple[str, ...] = ("out",)
    norm: tuple[str, ...] = ("idle",)  # an axis, a number of channels, or whether it trains
    upsample: tuple[str, ...] = ("factor", "method")
    pads: bool = False
    moves: bool = True
    flattens: bool = False
    rounds_up: bool = False
    relu: bool = False  # behind every convolution and dense layer, unless it says otherwise
    lower_momentum: bool = False  # 0.1, where it is 0.9 here
    counts: bool = False  # whether the mean of a window counts the padding
    leaks: str = ""  # the slope of a leaky ReLU, where it is not the one here
    learns: bool = True  # whether instance norm has a scale and a shift
    norms: tuple[tuple[str, str, str], ...] = ()  # settings, where they are not the ones here
    maps: bool = False  # whether a dense layer runs over the positions of a map
    slopes: bool = True  # whether each channel has a slope of its own in prelu, if that is unsaid
    keeps: bool = False  # whether a rate by its place is that of what dropout keeps
    exact: bool = True  # whether `gelu` is the normal distribution, and not near it

    def order(self, op: str) -> tuple[str, ...]:
        """What the arguments of an op mean, by their places."""
        own = {"conv": self.conv, "bn": self.norm, "upsample": self.upsample, "dense": self.dense}
        own |= dict.fromkeys(("conv_transpose", "separable"), self.conv)
        own |= dict.fromkeys(("max_pool", "avg_pool"), self.pool) | {"instance_norm": self.norm}
        own |= {"dropout": ("kept",)} if self.keeps else {}
        return own.get(op) or BY_PLACE.get(op, ())


PLAIN = Dialect(pads=True, flattens=True)
_NORM = ("arrives", "eps", "momentum", "affine")
_LARGER = ("layer_norm", "eps", "1e-05")
PADDLE = Dialect(
    _TORCH,
    dense=("arrives", "out", "bias"),
    norm=_NORM,
    upsample=("size", "factor", "method"),
    norms=(_LARGER,),
    slopes=False,
)
TORCH = replace(PADDLE, lower_momentum=True, counts=True, learns=False)
LINEN = Dialect(pads=True, moves=False, counts=True, exact=False, maps=True, slopes=False,
                norms=(("bn", "momentum", "0.99"), ("group_norm", "eps", "1e-06"),
                       ("instance_norm", "eps", "1e-06")))  # fmt: skip
NNX = replace(LINEN, conv=_TORCH[:4], dense=("arrives", "out"))
_KERAS_NORM = (("bn", "eps", "0.001"), ("layer_norm", "eps", "0.001"),
               ("group_norm", "eps", "0.001"))  # fmt: skip
KERAS = Dialect(
    leaks="0.3", maps=True, slopes=False, norms=(("bn", "momentum", "0.99"), *_KERAS_NORM)
)
GLUON = Dialect(flattens=True, slopes=False, counts=True, norms=(_LARGER,))
SLIM = Dialect(
    pads=True, relu=True, maps=True, keeps=True, norms=(("bn", "momentum", "0.999"), *_KERAS_NORM)
)
_LUA_CONV = ("arrives", "out", "kernel", "", "stride", "", "pad", "")
LUA = Dialect(_LUA_CONV, ("kernel", "", "stride", "", "pad", ""), dense=("arrives", "out"),
              norm=_NORM[:3], lower_momentum=True, counts=True, slopes=False)  # fmt: skip
FLUX = Dialect(("kernel", "out", "behind"), dense=("arrives", "out", "behind"),
               norm=("arrives", "behind"), counts=True)  # fmt: skip
MATLAB = Dialect(("kernel", "out"), moves=False, flattens=True, counts=True)
CAFFE = Dialect(moves=False, flattens=True, rounds_up=True, counts=True,
                norms=(("bn", "momentum", "0.999"),))  # fmt: skip
_SIGNS = (  # the first that a text has
    (r"\bslim\.", SLIM),
    (r"\b(mxnet|gluon|mx\.)|Hybrid(Sequential|Block)|\bnn\.\w+\(channels", GLUON),
    (r":add\(|Spatial(Conv|Max|Average|Batch)", LUA),
    (r"\bChain\(|=>|\bFlux\b|SamePad", FLUX),
    (r"(convolution|maxPooling|fullyConnected|averagePooling)\w*Layer|imageInputLayer", MATLAB),
    (r"\w+_param\s*\{|num_output|\bbottom\s*:|InnerProduct", CAFFE),
    (r"\bnnx\.", NNX),
    (r"\blinen\b|@nn\.compact|nn\.\w+\(\s*features|\bhk\.|use_running_average", LINEN),
    (r"\bnn\.(Linear|\w+[123]d)\(|\bConv[123]d\(", TORCH),
    (r"keras|\btf\.|layers\.\w|layer_\w+_2d|\bConv2D\(|MaxPooling2D|padding\s*=\s*['\"](same|val)",
     KERAS),
    (r"torch|nn\.\w|\bF\.\w|Conv2d\(|paddle|mindspore|\beqx\.|self\.", TORCH),
)  # fmt: skip


def dialect_of(text: str) -> Dialect:
    """Whose notation a text is in."""
    if re.search(r"paddle", text):
        return PADDLE
    return next((found for sign, found in _SIGNS if re.search(sign, text)), PLAIN)
