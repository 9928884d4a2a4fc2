"""Generated networks as backbones: `classes = 0` leaves the features before the classifier."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from cnndsl import zoo

pytestmark = pytest.mark.xla


@pytest.mark.parametrize(
    ("name", "features"),
    [("ResNet18", 512), ("MNASNet0_5", 1280), ("VGG16", 4096), ("MobileNetV2", 1280)],
)
def test_without_classes_a_network_gives_pooled_features(name, features):
    (entry,) = zoo.list_models(name)
    model = nnx.eval_shape(lambda: zoo.create(name, classes=0, rngs=nnx.Rngs(0)))
    images = jax.ShapeDtypeStruct((2, *entry.input), jnp.float32)
    assert nnx.eval_shape(lambda m, x: m(x), model, images).shape == (2, features)
    whole = nnx.eval_shape(lambda: zoo.create(name, rngs=nnx.Rngs(0)))
    missing = _size(whole) - _size(model)
    assert missing == 1000 * (features + 1)


def _size(model: nnx.Module) -> int:
    return sum(leaf.size for leaf in jax.tree.leaves(nnx.state(model, nnx.Param)))
