"""Losses against their formulas in numpy, and how the auxiliary heads count."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from tests.recipes.compiled import network, text_of, trainer, trainer_of

pytestmark = pytest.mark.xla

LOGITS = np.random.default_rng(0).normal(0, 3, (6, 4)).astype(np.float32)
LABELS = np.array([0, 1, 2, 3, 1, 0])
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
MIXED = 0.7 * ONE_HOT + 0.3 * np.roll(ONE_HOT, 1, axis=0)


def given(logits: np.ndarray, dtype=jnp.float32):
    """A network that gives these logits."""
    return lambda images: jnp.asarray(logits, dtype)


def softmax(logits: np.ndarray) -> np.ndarray:
    e = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits.astype(np.float64)))


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    return float(-(targets * np.log(softmax(logits))).sum(-1).mean())


def binary(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    p = sigmoid(logits)
    return -targets * np.log(p) - (1 - targets) * np.log(1 - p)


def focal(logits: np.ndarray, targets: np.ndarray, gamma: float, alpha: float | None) -> float:
    p = sigmoid(logits)
    right = p * targets + (1 - p) * (1 - targets)
    losses = binary(logits, targets) * (1 - right) ** gamma
    if alpha is not None:
        losses *= alpha * targets + (1 - alpha) * (1 - targets)
    return float(losses.sum(-1).mean())


FORMULAS = {
    "cross_entropy": cross_entropy,
    "binary_cross_entropy": lambda logits, targets: float(binary(logits, targets).mean()),
    "focal": lambda logits, targets: focal(logits, targets, 2, None),
    "focal(alpha = 0.25, gamma = 3)": lambda logits, targets: focal(logits, targets, 3, 0.25),
    "squared_error": lambda logits, targets: float(((logits - targets) ** 2).sum(-1).mean()),
    "hinge": lambda logits, targets: float(
        np.maximum(0, 1 - logits * (2 * targets - 1)).sum(-1).mean()
    ),
}


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("smoothing", [0, 0.1])
@pytest.mark.parametrize("labels", [LABELS, ONE_HOT, MIXED], ids=["integers", "one-hot", "mixed"])
def test_a_loss_is_its_formula(name, smoothing, labels):
    recipe = trainer(f"loss {name}", f"label_smoothing {smoothing}")
    targets = MIXED if labels is MIXED else ONE_HOT
    targets = (1 - smoothing) * targets + smoothing / 4
    loss, logits = recipe.loss(given(LOGITS), jnp.zeros((6, 8, 8, 3)), jnp.asarray(labels))
    np.testing.assert_allclose(loss, FORMULAS[name](LOGITS, targets), rtol=1e-4)
    assert loss.shape == ()
    np.testing.assert_array_equal(logits, LOGITS)


def test_the_loss_of_a_recipe_without_one_is_cross_entropy():
    loss, _ = trainer().loss(given(LOGITS), jnp.zeros((6, 8, 8, 3)), jnp.asarray(LABELS))
    np.testing.assert_allclose(loss, cross_entropy(LOGITS, ONE_HOT), rtol=1e-5)


def test_the_softmax_is_computed_in_float32():
    """bfloat16 would round a loss near 2 to steps of 1/64."""
    rounded = jnp.asarray(LOGITS, jnp.bfloat16)
    loss, logits = trainer().loss(
        given(LOGITS, jnp.bfloat16), jnp.zeros((6, 8, 8, 3)), jnp.asarray(LABELS)
    )
    assert logits.dtype == loss.dtype == jnp.float32
    expected = cross_entropy(np.asarray(rounded, np.float32), ONE_HOT)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


HEADS = """conv(4, 3) -> relu
  aux first(weight = 0.3) { global_avg_pool -> dense(classes) }
  aux second(weight = 0.5) { flatten -> dense(classes) }
  global_avg_pool -> dense(classes)"""


def test_auxiliary_heads_count_by_their_weights():
    text = text_of("label_smoothing 0.1", body=HEADS)
    recipe, module = trainer_of(text), network(text)
    assert recipe.AUX_WEIGHTS == (("first", 0.3), ("second", 0.5))
    assert dict(recipe.AUX_WEIGHTS) == module.AUX_WEIGHTS
    images = jax.random.uniform(jax.random.key(0), (6, 8, 8, 3))
    model = module.Net(classes=4, rngs=nnx.Rngs(0))
    found, logits = recipe.loss(model, images, jnp.asarray(LABELS))
    outputs = {name: np.asarray(value) for name, value in model.endpoints(images).items()}
    targets = 0.9 * ONE_HOT + 0.025
    expected = (
        cross_entropy(outputs["logits"], targets)
        + 0.3 * cross_entropy(outputs["first"], targets)
        + 0.5 * cross_entropy(outputs["second"], targets)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    np.testing.assert_array_equal(logits, outputs["logits"])


def test_a_named_output_is_what_the_heads_are_added_to():
    text = text_of(body=f"{HEADS} output scores")
    recipe, module = trainer_of(text), network(text)
    model = module.Net(classes=4, rngs=nnx.Rngs(0))
    images = jax.random.uniform(jax.random.key(0), (6, 8, 8, 3))
    _, logits = recipe.loss(model, images, jnp.asarray(LABELS))
    np.testing.assert_array_equal(logits, model.endpoints(images)["scores"])


def test_a_model_without_its_heads_is_trained_without_them():
    text = text_of(body=HEADS)
    recipe, module = trainer_of(text), network(text)
    images = jax.random.uniform(jax.random.key(0), (6, 8, 8, 3))
    model = module.Net(classes=4, aux=False, rngs=nnx.Rngs(0))
    found, logits = recipe.loss(model, images, jnp.asarray(LABELS))
    np.testing.assert_allclose(found, cross_entropy(np.asarray(logits), ONE_HOT), rtol=1e-5)


def test_a_map_of_logits_is_labelled_by_pixels():
    labels = jnp.asarray(LABELS.reshape(1, 2, 3))
    maps = LOGITS.reshape(1, 2, 3, 4)
    loss, _ = trainer().loss(given(maps), jnp.zeros((1, 2, 3, 3)), labels)
    np.testing.assert_allclose(loss, cross_entropy(LOGITS, ONE_HOT), rtol=1e-5)
