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


def test_twins_are_the_networks_of_their_names():
    from training_twins import TWINS

    for name, twin in TWINS.items():
        model = nnx.eval_shape(lambda twin=twin: twin(1000, dtype=jnp.bfloat16, rngs=nnx.Rngs(0)))
        params = jax.tree.leaves(nnx.state(model, nnx.Param))
        assert sum(math.prod(leaf.shape) for leaf in params) == zoo.find(name).params
        image = jax.ShapeDtypeStruct((2, 224, 224, 3), jnp.float32)
        assert nnx.eval_shape(lambda m, x: m(x), model, image).shape == (2, 1000)


def test_the_networks_are_of_the_zoo():
    from benchmarks.training import MODELS, SMALL

    assert {zoo.find(name).name for name in (*MODELS, SMALL)} == {*MODELS, SMALL}
