"""Kernels that go through a norm before they are applied, compared with arithmetic by hand."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

import cnndsl
from tests.modules import generate

pytestmark = pytest.mark.xla

NORMS = """\
model Norms(classes = 3) {
  input 6x6x2
  conv(4, 3, weight = standardized, bias = false)
  conv(4, 3, weight = normalized, bias = false) -> conv(5, 3, weight = spectral, bias = false)
  conv(4, 1, weight = scaled)
  global_avg_pool -> dense(classes)
  expect params 72 + 144 + 4 + 180 + 28 + 15
  expect total 72 + 144 + 4 + 180 + 28 + 15 + 5
}
"""


def convolved(x: jax.Array, kernel: jax.Array) -> jax.Array:
    return jax.lax.conv_general_dilated(
        x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def by_hand(model: nnx.Module, x: jax.Array) -> jax.Array:
    kernel = model.conv1.kernel[...]
    centred = kernel - kernel.mean((0, 1, 2))
    x = convolved(x, centred / jnp.sqrt(kernel.var((0, 1, 2)) + 1e-8))
    v, g = model.conv2.layer.kernel[...], model.conv2.scale[...]
    x = convolved(x, g * v / jnp.sqrt(jnp.square(v).sum((0, 1, 2))))
    kernel = model.conv3.layer.kernel[...]
    largest = jnp.linalg.svd(kernel.reshape(-1, 5), compute_uv=False)[0]
    x = convolved(x, kernel / largest)
    layer, kernel = model.conv4.layer, model.conv4.layer.kernel[...]
    centred = kernel - kernel.mean((0, 1, 2))
    variance = (1 * 1 * 5) * kernel.var((0, 1, 2))  # of a sum over what a filter sees
    x = convolved(x, model.conv4.scale[...] * centred / jnp.sqrt(variance)) + layer.bias[...]
    return model.dense(x.mean((1, 2)))


def test_values_are_those_by_hand():
    """What follows the largest singular value has found it after some steps of training."""
    model = generate(NORMS).module.Norms(rngs=nnx.Rngs(0))
    model.conv2.scale.set_value(jnp.array([0.5, 1.0, -2.0, 3.0]))
    model.conv4.scale.set_value(jnp.array([2.0, 1.0, -0.5, 0.0]))
    images = jax.random.normal(jax.random.key(0), (2, 6, 6, 2))
    step = nnx.jit(lambda model, images: model(images))
    for _ in range(60):
        step(model, images)
    model.eval()
    np.testing.assert_allclose(model(images), by_hand(model, images), rtol=1e-4, atol=1e-5)


def test_all_but_the_state_learns_and_kernels_stay_what_they_are():
    model = generate(NORMS).module.Norms(rngs=nnx.Rngs(0))
    images = jax.random.normal(jax.random.key(0), (2, 6, 6, 2))
    kernel, u = model.conv3.layer.kernel[...], model.conv3.u[...]
    model(images)
    np.testing.assert_array_equal(model.conv3.layer.kernel[...], kernel)
    assert not np.allclose(model.conv3.u[...], u)
    before = [value.copy() for value in jax.tree.leaves(nnx.state(model, nnx.Param))]
    optimizer = nnx.Optimizer(model, optax.sgd(0.1), wrt=nnx.Param)
    optimizer.update(model, nnx.grad(lambda model: jnp.square(model(images) - 1).mean())(model))
    after = jax.tree.leaves(nnx.state(model, nnx.Param))
    assert all(not np.array_equal(x, y) for x, y in zip(before, after, strict=True))


def test_a_learned_length_starts_as_the_kernel_is():
    model = generate(NORMS).module.Norms(rngs=nnx.Rngs(0))
    kernel = model.conv2.layer.kernel[...].reshape(-1, 4)
    np.testing.assert_allclose(model.conv2.scale[...], jnp.linalg.norm(kernel, axis=0), rtol=1e-6)


def test_the_compiler_counts_lengths_and_state():
    (summary,) = cnndsl.summarize(NORMS).summaries
    assert (summary.params, summary.total) == (443, 448)
