"""Layers with `frozen = true`: optimizers leave their tensors alone, weights carry them."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import cnndsl
from cnndsl import weights
from tests.modules import generate

pytestmark = pytest.mark.xla

TUNED = """\
model Tuned(classes = 3) {
  input 8x8x2
  conv(4, 3, frozen = true) -> bn(frozen = true) -> relu
  conv(4, 3) -> relu
  global_avg_pool -> dense(classes)
  expect params 148 + 15
  expect total 148 + 15 + 76 + 8 + 8
}
"""


class Twin(nnx.Module):
    def __init__(self, *, rngs: nnx.Rngs):
        self.conv1 = nnx.Conv(2, 4, (3, 3), rngs=rngs)
        self.norm = nnx.BatchNorm(4, momentum=0.9, rngs=rngs)
        self.conv2 = nnx.Conv(4, 4, (3, 3), rngs=rngs)
        self.dense = nnx.Linear(4, 3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = nnx.relu(self.conv2(nnx.relu(self.norm(self.conv1(x)))))
        return self.dense(x.mean(axis=(1, 2)))


def test_an_optimizer_leaves_them_alone_and_values_are_those_by_hand():
    module = generate(TUNED).module
    model, twin = module.Tuned(rngs=nnx.Rngs(0)), Twin(rngs=nnx.Rngs(1))
    nnx.update(twin, _as_params(model))
    images = jax.random.normal(jax.random.key(0), (4, 8, 8, 2))
    np.testing.assert_allclose(model(images), twin(images), rtol=1e-5, atol=1e-6)
    before = _flat(model)
    optimizer = nnx.Optimizer(model, optax.adamw(0.1, weight_decay=0.1), wrt=nnx.Param)
    gradients = nnx.grad(lambda model: jnp.square(model(images) - 1).mean())(model)
    optimizer.update(model, gradients)
    changed = {n for n, value in _flat(model).items() if not np.array_equal(value, before[n])}
    assert changed == {"conv2.kernel", "conv2.bias", "dense.kernel", "dense.bias"} | {
        "norm.mean",  # which no optimizer moves
        "norm.var",
    }


def test_they_are_counted_as_what_does_not_learn():
    module = generate(TUNED).module
    model = module.Tuned(rngs=nnx.Rngs(0))
    learnt = sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
    assert learnt == module.NUM_PARAMS == 163
    (summary,) = cnndsl.summarize(TUNED).summaries
    assert (summary.params, summary.total) == (163, 255)


def test_they_have_the_dtypes_of_the_model():
    model = generate(TUNED).module.Tuned(rngs=nnx.Rngs(0), param_dtype=jnp.bfloat16)
    assert model.conv1.kernel[...].dtype == jnp.bfloat16


def test_weights_carry_them(tmp_path):
    module = generate(TUNED).module
    first, second = module.Tuned(rngs=nnx.Rngs(0)), module.Tuned(rngs=nnx.Rngs(1))
    weights.save(first, tmp_path / "weights.safetensors")
    weights.load(second, tmp_path / "weights.safetensors")
    np.testing.assert_array_equal(first.conv1.kernel[...], second.conv1.kernel[...])
    assert type(second.conv1.kernel).__name__ == "Frozen"


def _flat(model: nnx.Module) -> dict[str, np.ndarray]:
    held = nnx.to_flat_state(nnx.state(model))
    return {".".join(map(str, path)): np.array(variable.get_value()) for path, variable in held}


def _as_params(model: nnx.Module) -> nnx.State:
    """The tensors of a model as a twin has them, in which all of them learn."""
    held = nnx.to_flat_state(nnx.state(model))
    kinds = {"mean": nnx.BatchStat, "var": nnx.BatchStat}
    return nnx.from_flat_state(
        [(path, kinds.get(path[-1], nnx.Param)(v.get_value())) for path, v in held]
    )
