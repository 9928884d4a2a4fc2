"""Signals and clips: what the generated modules compute is what networks by hand do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cnndsl.training.define import choose
from cnndsl.training.errors import TrainingError
from tests.compiled import compile_text
from tests.modules import generate

pytestmark = [pytest.mark.xla, pytest.mark.slow]

BATCH = 2


class TemporalUnit(nnx.Module):
    """Two convolutions of the past, beside the identity."""

    def __init__(self, width: int, dilation: int, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(
            width, width, (3,), padding="VALID", kernel_dilation=dilation, rngs=rngs
        )
        self.conv2 = nnx.Conv(
            width, width, (3,), padding="VALID", kernel_dilation=dilation, rngs=rngs
        )
        self.past = 2 * dilation

    def __call__(self, x: jax.Array) -> jax.Array:
        y = x
        for conv in (self.conv1, self.conv2):
            y = nnx.relu(conv(jnp.pad(y, ((0, 0), (self.past, 0), (0, 0)))))
        return nnx.relu(x + y)


class Signal(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.stem = nnx.Conv(2, 8, (9,), strides=(4,), padding=((4, 4),), use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(8, use_running_average=True, rngs=rngs)
        self.units = nnx.List([TemporalUnit(8, 2**i, rngs) for i in range(3)])
        self.head = nnx.Linear(8, 5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.relu(self.norm(self.stem(x)))
        x = nnx.max_pool(x, (2,), strides=(2,))
        for unit in self.units:
            x = unit(x)
        return self.head(jnp.mean(x, axis=1))


SIGNAL = """
block unit(dilation) {
  add [
    here,
    { conv(8, 3, dilation = dilation, pad = causal) -> relu } * 2
  ] -> relu
}

model Net(classes = 5) {
  input 96x2
  stage stem { conv(8, 9, stride = 4, pad = 4, bias = false) -> bn -> relu -> max_pool(2) } : 12x8
  for i in 0 .. 3 { unit(2 ** i) }
  global_avg_pool -> dense(classes)
}
"""


class Clip(nnx.Module):
    def __init__(self, rngs: nnx.Rngs):
        self.stem = nnx.Conv(
            3, 6, (3, 5, 5), strides=(1, 2, 2), padding=((1, 1), (2, 2), (2, 2)), rngs=rngs
        )
        self.space = nnx.Conv(6, 8, (1, 3, 3), padding="SAME", use_bias=False, rngs=rngs)
        self.norm = nnx.BatchNorm(8, use_running_average=True, rngs=rngs)
        self.time = nnx.Conv(8, 8, (3, 1, 1), padding="SAME", rngs=rngs)
        self.up = nnx.ConvTranspose(8, 4, (2, 2, 2), strides=(2, 2, 2), padding="VALID", rngs=rngs)
        self.head = nnx.Linear(4, 5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.max_pool(nnx.relu(self.stem(x)), (1, 2, 2), strides=(1, 2, 2))
        x = self.time(nnx.relu(self.norm(self.space(x))))
        x = nnx.avg_pool(x, (2, 2, 2), strides=(2, 2, 2))
        x = nnx.relu(self.up(x))
        return self.head(jnp.mean(x, axis=(1, 2, 3)))


CLIP = """
model Net(classes = 5) {
  input 6x16x16x3
  conv(6, 3x5x5, stride = 1x2x2, pad = [1, 2, 2]) -> relu -> max_pool(1x2x2)
  conv(8, 1x3x3, bias = false) -> bn -> relu -> conv(8, 3x1x1)
  avg_pool(2) -> conv_transpose(4, 2, stride = 2, pad = valid) -> relu
  global_avg_pool -> dense(classes)
}
"""


LAYERS = (nnx.Conv, nnx.ConvTranspose, nnx.BatchNorm, nnx.Linear)


def ran(model: nnx.Module, x: np.ndarray) -> list[nnx.Module]:
    """The layers of a network that is a chain, in the order in which they run."""
    found: list[nnx.Module] = []

    def noting(call: Callable[..., jax.Array]) -> Callable[..., jax.Array]:
        def run(self: nnx.Module, *args: Any, **keywords: Any) -> jax.Array:
            found.append(self)
            return call(self, *args, **keywords)

        return run

    with ExitStack() as stack:
        for kind in LAYERS:
            stack.enter_context(mock.patch.object(kind, "__call__", noting(kind.__call__)))
        jax.eval_shape(lambda x: model(x), x)
    return found


def values(model: nnx.Module, x: np.ndarray) -> jax.Array:
    return jax.jit(lambda x: model(x))(x)


@pytest.mark.parametrize(
    ("text", "hand", "shape"), [(SIGNAL, Signal, (96, 2)), (CLIP, Clip, (6, 16, 16, 3))]
)
def test_values_are_those_of_a_network_by_hand(
    text: str, hand: Callable[[nnx.Rngs], nnx.Module], shape: tuple[int, ...]
):
    model = generate(text).module.Net(rngs=nnx.Rngs(0))
    model.eval()
    twin = hand(nnx.Rngs(1))
    x = np.random.default_rng(0).standard_normal((BATCH, *shape), np.float32)
    assert np.abs(values(model, x) - values(twin, x)).max() > 0.01
    for ours, theirs in zip(ran(model, x), ran(twin, x), strict=True):
        nnx.update(theirs, nnx.state(ours, nnx.Any(nnx.Param, nnx.BatchStat)))
    np.testing.assert_allclose(values(model, x), values(twin, x), rtol=1e-4, atol=1e-5)


def test_an_input_from_outside_may_be_a_signal():
    text = "model Net { input 32x32x3\n conv(8, 3) -> max_pool(2) as low }"
    (network,) = compile_text(text, set={"input": [64, 3]}).networks
    assert network.output.shape == (32, 8)


def test_training_is_for_images(tmp_path):
    spec = tmp_path / "signal.cnn"
    spec.write_text("model Net(classes = 3) { input 64x2\n global_avg_pool -> dense(classes) }")
    with pytest.raises(TrainingError, match="Net takes a signal of 64 x 2, and cnndsl trains on"):
        choose(str(spec))
