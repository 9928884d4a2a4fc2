"""Learned and fixed tensors, compared with networks that are written by hand in Flax."""

from __future__ import annotations

from functools import cache
from types import ModuleType

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import cnndsl
from cnndsl import weights
from tests.modules import generate

pytestmark = pytest.mark.xla

EMBEDDED = """\
block gated {
  param gate = ones([1, 1, in.channels])
  conv(in.channels, 3) -> mul [ here, gate ]
}
model Embedded(classes = 5) {
  input 8x8x3
  conv(6, 2, stride = 2)
  param place = truncated_normal(0.02)([4, 4, 6])
  add [ here, place ]
  for i in 0 .. 2 { gated }
  constant mask = [[[1, 0, 1, 0.5, 2, -1]]]
  mul [ here, mask ]
  param extra = zeros([4, 4, 2])
  concat [ here, extra ] -> global_avg_pool -> dense(classes)
  expect params 6 * 13 + 96 + 2 * (6 * 55 + 6) + 32 + 45
}
"""


@cache
def embedded() -> ModuleType:
    return generate(EMBEDDED).module


class Gated(nnx.Module):
    def __init__(self, channels: int, *, rngs: nnx.Rngs):
        self.gate = nnx.Param(nnx.initializers.ones(rngs.params(), (1, 1, channels)))
        self.conv = nnx.Conv(channels, channels, (3, 3), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.conv(x) * self.gate


class Embedded(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        normal = nnx.initializers.truncated_normal(0.02)
        self.stem = nnx.Conv(3, 6, (2, 2), 2, rngs=rngs)
        self.place = nnx.Param(normal(rngs.params(), (4, 4, 6)))
        self.blocks = nnx.List([Gated(6, rngs=rngs) for _ in range(2)])
        self.extra = nnx.Param(jnp.zeros((4, 4, 2)))
        self.dense = nnx.Linear(8, 5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x) + self.place
        for block in self.blocks:
            x = block(x)
        x = x * jnp.array([1, 0, 1, 0.5, 2, -1])
        extra = jnp.tile(self.extra[...], (len(x), 1, 1, 1))
        return self.dense(jnp.concatenate([x, extra], axis=-1).mean(axis=(1, 2)))


def test_values_are_those_of_a_network_by_hand():
    module = embedded()
    model, twin = module.Embedded(rngs=nnx.Rngs(0)), Embedded(rngs=nnx.Rngs(1))
    params = [value for _, value in nnx.to_flat_state(nnx.state(model, nnx.Param))]
    for seed, variable in enumerate(params):
        value = jax.random.normal(jax.random.key(seed), variable.get_value().shape)
        variable.set_value(value)
    filled = nnx.state(model, nnx.Param)
    blocks = [nnx.to_pure_dict(nnx.state(block, nnx.Param)) for block in _gated(model)]
    for block, held in zip(twin.blocks, blocks, strict=True):
        block.gate.set_value(held["gate"]["value"])
        block.conv.kernel.set_value(held["conv"]["kernel"])
        block.conv.bias.set_value(held["conv"]["bias"])
    twin.stem.kernel.set_value(model.conv.kernel[...])
    twin.stem.bias.set_value(model.conv.bias[...])
    twin.place.set_value(model.place.value[...])
    twin.extra.set_value(model.extra.value[...])
    twin.dense.kernel.set_value(model.dense.kernel[...])
    twin.dense.bias.set_value(model.dense.bias[...])
    assert sum(leaf.size for leaf in jax.tree.leaves(filled)) == module.NUM_PARAMS
    images = jax.random.normal(jax.random.key(7), (3, 8, 8, 3))
    np.testing.assert_allclose(model(images), twin(images), rtol=1e-5, atol=1e-5)


def _gated(model: nnx.Module) -> list[nnx.Module]:
    held = (block for _, block in nnx.iter_modules(model))
    return [block for block in held if type(block).__name__ == "Gated"]


def test_they_start_as_they_say_and_take_the_dtypes_of_the_model():
    module = embedded()
    model = module.Embedded(rngs=nnx.Rngs(0), dtype=jnp.bfloat16)
    assert np.std(model.place.value[...]) == pytest.approx(0.02, rel=0.3)
    assert not np.any(model.extra.value[...])
    assert model(jnp.ones((1, 8, 8, 3))).dtype == jnp.bfloat16
    assert model.place.value[...].dtype == jnp.float32


def test_integers_of_images_take_fractions():
    text = "model Half {\n  input 2x2x1\n  constant half = [[[0.5]]]\n  mul [ here, half ]\n}\n"
    model = generate(text).module.Half(rngs=nnx.Rngs(0))
    assert model(jnp.ones((1, 2, 2, 1), jnp.uint8)).tolist()[0][0][0] == [0.5]


def test_weights_carry_them(tmp_path):
    module = generate(EMBEDDED).module  # its own: weights ask for its INPUT_SHAPE
    first, second = module.Embedded(rngs=nnx.Rngs(0)), module.Embedded(rngs=nnx.Rngs(1))
    weights.save(first, tmp_path / "weights.safetensors")
    weights.load(second, tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(first.place.value[...], second.place.value[...])


def test_the_compiler_counts_them():
    (summary,) = cnndsl.summarize(EMBEDDED).summaries
    rows = [(row.op, row.params) for row in summary.layers if row.op in ("param", "constant")]
    assert rows == [("param", 96), ("param", 6), ("param", 6), ("constant", 0), ("param", 32)]
    assert summary.params == summary.total
