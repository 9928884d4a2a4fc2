"""What the benchmark of training times is what it says."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

import cnndsl
from cnndsl import zoo

pytestmark = pytest.mark.xla
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
AIRBENCH = Path(__file__).parents[2] / "specs" / "airbench.cnn"

SLOW = ("InceptionV3", "DenseNet121", "MobileNetV2", "EfficientNetB0")


@pytest.mark.parametrize(
    "name", ["VGG16", "ResNet50", *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)]
)
def test_a_twin_is_the_network_of_its_name(name):
    from training_twins import twin

    network = zoo.find(name)
    model = nnx.eval_shape(lambda: twin(name)(1000, dtype=jnp.bfloat16, rngs=nnx.Rngs(0)))
    params = jax.tree.leaves(nnx.state(model, nnx.Param))
    assert sum(math.prod(leaf.shape) for leaf in params) == network.params
    image = jax.ShapeDtypeStruct((2, *network.input), jnp.float32)
    logits = nnx.eval_shape(lambda m, x: m(x), model, image)
    assert (logits.shape, logits.dtype) == ((2, 1000), jnp.bfloat16)


def test_the_networks_are_of_the_zoo():
    from benchmarks.training import MODELS, SMALL

    assert {zoo.find(name).name for name in (*MODELS, SMALL)} == {*MODELS, SMALL}


@pytest.mark.slow
def test_the_recipe_for_cifar_in_seconds_learns(tmp_path):
    """A narrow one, on digits in colour, from where airbench begins."""
    from benchmarks.whitening import begin
    from cnndsl.training import Settings, fit
    from cnndsl.weights import save

    values = {"widths": [8, 32, 32]}
    model = cnndsl.load(AIRBENCH, model="Airbench94", set=values).Airbench94(rngs=nnx.Rngs(0))
    begin(model, np.random.default_rng(0).normal(size=(64, 32, 32, 3)).astype(np.float32))
    save(model, tmp_path / "start.safetensors")
    settings = Settings(
        str(AIRBENCH), model="Airbench94", values=values, epochs=3, batch=64, rate=1.0
    )
    assert fit(settings, tmp_path / "run").accuracy >= 0.8


def test_what_a_whitened_layer_gives_is_white():
    from benchmarks.whitening import whitening

    random = np.random.default_rng(0)
    noise = random.normal(size=(64, 9, 9, 3)).cumsum(1) @ random.normal(size=(3, 3))
    noise = (10 * noise).astype(np.float32)
    kernel = whitening(noise)
    assert kernel.shape == (2, 2, 3, 24)
    seen = jax.lax.conv_general_dilated(
        noise, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    flat = np.asarray(seen).reshape(-1, 24)
    np.testing.assert_allclose(flat[:, 12:], -flat[:, :12], rtol=1e-5)
    np.testing.assert_allclose(flat[:, :12].T @ flat[:, :12] / len(flat), np.eye(12), atol=0.05)


def test_a_convolution_that_hands_on_begins_with_its_input():
    from benchmarks.whitening import hand_on

    random = np.random.default_rng(0)
    image = random.normal(size=(2, 8, 8, 3)).astype(np.float32)
    kernel = hand_on(random.normal(size=(3, 3, 3, 5)).astype(np.float32))
    seen = jax.lax.conv_general_dilated(
        image, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    np.testing.assert_array_equal(seen[..., :3], image)
