"""What libraries leave unsaid: the places of their arguments, and what holds without them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TORCH = ("arrives", "out", "kernel", "stride", "pad", "dilation", "groups", "bias")
_KERAS = ("out", "kernel", "stride", "pad")


@dataclass(frozen=True)
class Dialect:
    """How a notation is read.

    `conv` and `pool` are their arguments by place; `pads` whether a convolution pads by default,
    `moves` whether a pool moves by its window; `flattens` whether a dense layer takes a map.
    """

    conv: tuple[str, ...] = _KERAS
    pool: tuple[str, ...] = ("kernel", "stride", "pad")
    dense: tuple[str, ...] = ("out",)
    pads: bool = False
    moves: bool = True
    flattens: bool = False
    rounds_up: bool = False
    relu: bool = False  # behind every convolution and dense layer, unless it says otherwise
    lower_momentum: bool = False  # 0.1, where it is 0.9 here


PLAIN = Dialect(pads=True, flattens=True)
TORCH = Dialect(_TORCH, dense=("arrives", "out", "bias"), lower_momentum=True)
NNX = Dialect(_TORCH[:4], dense=("arrives", "out"), pads=True, moves=False)
LINEN = Dialect(pads=True, moves=False)
KERAS = Dialect()
GLUON = Dialect(flattens=True)
SLIM = Dialect(pads=True, relu=True)
_LUA_CONV = ("arrives", "out", "kernel", "", "stride", "", "pad", "")
LUA = Dialect(_LUA_CONV, ("kernel", "", "stride", "", "pad", ""), dense=("arrives", "out"))
FLUX = Dialect(("kernel", "out", "behind"), dense=("arrives", "out", "behind"))
MATLAB = Dialect(("kernel", "out"), moves=False, flattens=True)
CAFFE = Dialect(moves=False, flattens=True, rounds_up=True)
_SIGNS = (  # the first that a text has
    (r"\bslim\.", SLIM),
    (r"\b(mxnet|gluon|mx\.)|Hybrid(Sequential|Block)|\bnn\.\w+\(channels", GLUON),
    (r":add\(|Spatial(Conv|Max|Average|Batch)", LUA),
    (r"\bChain\(|=>|\bFlux\b|SamePad", FLUX),
    (r"(convolution|maxPooling|fullyConnected|averagePooling)\w*Layer|imageInputLayer", MATLAB),
    (r"\w+_param\s*\{|num_output|\bbottom\s*:|InnerProduct", CAFFE),
    (r"\bnnx\.", NNX),
    (r"\blinen\b|@nn\.compact|nn\.\w+\(\s*features|\bhk\.|use_running_average", LINEN),
    (r"keras|\btf\.|layers\.\w|layer_\w+_2d|\bConv2D\(|MaxPooling2D|padding\s*=\s*['\"](same|val)",
     KERAS),
    (r"torch|nn\.\w|\bF\.\w|Conv2d\(|paddle|mindspore|\beqx\.|self\.", TORCH),
)  # fmt: skip


def dialect_of(text: str) -> Dialect:
    """Whose notation a text is in."""
    if re.search(r"paddle", text):
        return TORCH
    return next((found for sign, found in _SIGNS if re.search(sign, text)), PLAIN)
