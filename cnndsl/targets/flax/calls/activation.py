"""Activations and what is random in training."""

from __future__ import annotations

from cnndsl.ops.base import Op, Shape
from cnndsl.targets.flax.calls.common import Emitter, call, layer, unless
from cnndsl.targets.flax.emission import Call, Context, Emission, Role

# Those that flax has under the same name, with the meaning of the papers by default.
_PLAIN = (
    "relu",
    "relu6",
    "elu",
    "selu",
    "swish",
    "sigmoid",
    "hard_sigmoid",
    "hard_swish",
    "tanh",
    "softplus",
    "softmax",
)


def _plain(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(Role.ACTIVATION, call(f"nnx.{op.name}"))


def _leaky_relu(op: Op, x: Shape, context: Context) -> Emission:
    keywords = unless(context, negative_slope=(op.slope, 0.01))
    return Emission(Role.ACTIVATION, call("nnx.leaky_relu", **keywords))


def _gelu(op: Op, x: Shape, context: Context) -> Emission:
    """The exact one of papers, PyTorch and Keras; jax's default approximates it by a tanh."""
    return Emission(Role.ACTIVATION, call("nnx.gelu", approximate=False))


def _scaled_tanh(op: Op, x: Shape, context: Context) -> Emission:
    return Emission(Role.ACTIVATION, call("scaled_tanh"), helpers=("scaled_tanh",))


def _prelu(op: Op, x: Shape, context: Context) -> Emission:
    built = Call("PReLU", (x[-1],), takes=("dtypes",))
    return layer(Role.ACTIVATION, "prelu", built, "prelu")


def _dropout(op: Op, x: Shape, context: Context) -> Emission:
    return layer(Role.DROPOUT, "dropout", Call("nnx.Dropout", (op.rate,), takes=("rngs",)))


def _drop_path(op: Op, x: Shape, context: Context) -> Emission:
    """Dropout with one draw per sample, which also scales what it keeps."""
    shared = {"broadcast_dims": tuple(range(1, len(x) + 1))}
    built = Call("nnx.Dropout", (op.rate,), shared, takes=("rngs",))
    return layer(Role.DROPOUT, "drop_path", built)


EMITTERS: dict[str, Emitter] = {
    **dict.fromkeys(_PLAIN, _plain),
    "leaky_relu": _leaky_relu,
    "gelu": _gelu,
    "scaled_tanh": _scaled_tanh,
    "prelu": _prelu,
    "dropout": _dropout,
    "drop_path": _drop_path,
}
