"""What the benchmark of training times is what it says."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from cnndsl import zoo

pytestmark = pytest.mark.xla
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


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
    """A narrow one, on digits in colour."""
    from cnndsl.training import Settings, fit

    spec = Path(__file__).parents[2] / "benchmarks" / "cifar10_fast.cnn"
    settings = Settings(str(spec), values={"width": 8}, epochs=3, batch=64, rate=1.0)
    assert fit(settings, tmp_path / "run").accuracy >= 0.8
