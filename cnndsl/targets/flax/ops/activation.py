"""Activations and what is random in training."""

from __future__ import annotations

from cnndsl.targets.flax.ops.emission import (
    ACTIVATION,
    DROPOUT,
    Built,
    Context,
    Emission,
    Emitter,
    Fields,
    along_axis,
    applied,
    axes,
    axes_if_one,
    layer,
    unless,
)
from cnndsl.targets.python.expressions import constant
from cnndsl.targets.python.tree import Constant, Expr

# Those that flax has under the same name, with the meaning of the papers by default.
_PLAIN = ("relu relu6 elu selu swish sigmoid hard_sigmoid hard_swish tanh softplus glu").split()


def _plain(name: str) -> Emitter:
    return lambda f, x, context: Emission(ACTIVATION, applied(f"nnx.{name}"))


def _leaky_relu(f: Fields, x: Expr, context: Context) -> Emission:
    keywords = unless(negative_slope=(f["slope"], 0.01))
    return Emission(ACTIVATION, applied("nnx.leaky_relu", **keywords))


def _gelu(f: Fields, x: Expr, context: Context) -> Emission:
    """The exact one of papers, PyTorch and Keras; jax's default approximates it by a tanh."""
    return Emission(ACTIVATION, applied("nnx.gelu", approximate=Constant(False)))


def _softmax(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ACTIVATION, along_axis("nnx.softmax", f))


def _celu(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ACTIVATION, applied("nnx.celu", **unless(alpha=(f["alpha"], 1.0))))


def _mish(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ACTIVATION, applied("mish"), helpers=("mish",))


def _scaled_tanh(f: Fields, x: Expr, context: Context) -> Emission:
    return Emission(ACTIVATION, applied("scaled_tanh"), helpers=("scaled_tanh",))


def _prelu(f: Fields, x: Expr, context: Context) -> Emission:
    return layer(ACTIVATION, Built("prelu", "PReLU", (x,), takes=()), "prelu")


def _dropout(f: Fields, x: Expr, context: Context) -> Emission:
    return layer(DROPOUT, Built("dropout", "nnx.Dropout", (f["rate"],), takes=("rngs",)))


def _drop_path(f: Fields, x: Expr, context: Context) -> Emission:
    """Dropout with one draw per sample, which also scales what it keeps."""
    if axes_if_one(f) is None:
        return layer(
            DROPOUT, Built("drop_path", "DropPathNd", (f["rate"],), {}, ("rngs",)), "drop_path_nd"
        )
    shared = {"broadcast_dims": constant(tuple(range(1, axes(f) + 2)))}
    return layer(DROPOUT, Built("drop_path", "nnx.Dropout", (f["rate"],), shared, ("rngs",)))


EMITTERS: dict[str, Emitter] = {
    **{name: _plain(name) for name in _PLAIN},
    "leaky_relu": _leaky_relu,
    "gelu": _gelu,
    "softmax": _softmax,
    "celu": _celu,
    "mish": _mish,
    "scaled_tanh": _scaled_tanh,
    "prelu": _prelu,
    "dropout": _dropout,
    "drop_path": _drop_path,
}
