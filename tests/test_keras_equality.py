"""Generated networks compute what Keras applications compute with the same weights.

Weights are random, with negative scales, biases and batch statistics among them, and kernels small
enough that a deep network does not amplify rounding. Images are small where a network allows it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from inspect import isfunction
from pathlib import Path
from types import ModuleType
from typing import Any

import jax
import numpy as np
import pytest
from flax import nnx
from jax.interpreters.partial_eval import DynamicJaxprTracer

import cnndsl
from cnndsl.weights import from_keras
from cnndsl.weights.fill import Filled
from cnndsl.weights.network import abstract, dotted
from tests.keras_cases import FAST, SLOW, Case
from tests.modules import QUICK

pytestmark = pytest.mark.xla

keras = pytest.importorskip("keras")

SPECS = Path(__file__).parents[1] / "specs"
CLASSES = 10
TOLERANCE = 1e-4  # of the largest logit
UPDATE_TOLERANCE = 0.02  # of a norm's largest change; an unbiased variance would be off by 0.14

CASES = [
    *(pytest.param(case, id=case.model) for case in FAST),
    *(pytest.param(case, id=case.model, marks=pytest.mark.slow) for case in SLOW),
]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """No programs of Keras's and no messages of jax's for what is not used.

    Keras fills every shape with a program of its own, and all of it is overwritten; flax asks
    whether what becomes a statistic has a sharding, and jax looks through the whole trace to say
    where that which has none comes from.
    """

    def filled(numbers: Callable[..., np.ndarray]) -> Callable[..., jax.Array]:
        def initialise(self: Any, shape: tuple[int, ...], dtype: Any = None) -> jax.Array:
            return jax.device_put(numbers(shape, np.float32))

        return initialise

    fills = {
        "GlorotUniform": np.zeros,
        "VarianceScaling": np.zeros,
        "Zeros": np.zeros,
        "Ones": np.ones,
    }
    for name, numbers in fills.items():
        monkeypatch.setattr(getattr(keras.initializers, name), "__call__", filled(numbers))
    monkeypatch.setattr(DynamicJaxprTracer, "_origin_msg", lambda tracer: "")
    yield
    keras.backend.clear_session()
    jax.clear_caches()


def test_every_application_is_compared():
    made = {name for name, value in vars(keras.applications).items() if isfunction(value)}
    assert made == {case.application for case in (*FAST, *SLOW)}


@pytest.mark.parametrize("case", CASES)
def test_logits_and_batch_statistics_equal(case):
    theirs = application(case)
    ours = network(case)
    filled = from_keras(ours, theirs)
    images = np.random.default_rng(1).normal(size=(2, case.size, case.size, 3)).astype("float32")

    want, _ = run_keras(theirs, images * case.pixels, training=False)
    ours.eval()
    got = run_ours(ours, images)
    assert got.shape == (2, CLASSES)
    assert np.abs(got - want).max() <= TOLERANCE * np.abs(want).max()

    if case.batch_norm:
        assert_same_update(ours, theirs, filled, images)


def assert_same_update(ours: nnx.Module, theirs: Any, filled: Filled, images: np.ndarray) -> None:
    """One pass in training mode moves the batch statistics of both networks alike."""
    before = statistics(ours)
    _, theirs_state = run_keras(theirs, images, training=True)
    for variable, value in zip(theirs.non_trainable_variables, theirs_state, strict=True):
        variable.assign(value)
    ours.train()
    run_ours(ours, images)
    after = statistics(ours)
    want = {
        place.name: pair.theirs.tensors[role].read()  # what the variable holds by now
        for pair in filled.pairs
        for role, place in pair.ours.tensors.items()
        if role in ("mean", "var")
    }
    assert before.keys() == want.keys() and want
    for name, start in before.items():
        change = want[name] - start
        difference = np.abs(after[name] - want[name]).max()
        assert difference <= UPDATE_TOLERANCE * np.abs(change).max(), name


def application(case: Case) -> Any:
    """The Keras model with random weights."""
    build = getattr(keras.applications, case.application)
    model = build(
        weights=None,
        input_shape=(case.size, case.size, 3),
        classes=CLASSES,
        classifier_activation=None,
        **case.options,
    )
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if not isinstance(layer, keras.layers.Normalization):
            for variable in layer.variables:
                if np.issubdtype(variable.dtype, np.floating):
                    variable.assign(np.float32(random_weight(rng, layer, variable)))
    return model


def random_weight(rng: np.random.Generator, layer: Any, variable: Any) -> np.ndarray:
    shape = variable.shape
    match "gamma" if hasattr(layer, "gamma") and variable is layer.gamma else variable.name:
        case "gamma":
            return rng.uniform(0.5, 1.0, shape) * rng.choice([-1, 1], shape, p=[0.2, 0.8])
        case "moving_variance":
            return rng.uniform(0.5, 2.0, shape)
        case "moving_mean" | "beta" | "bias":
            return rng.normal(0.0, 0.2, shape)
    depthwise = isinstance(layer, keras.layers.DepthwiseConv2D)
    depthwise = depthwise or variable.name == "depthwise_kernel"
    inputs = np.prod(shape[:2] if depthwise else shape[:-1])
    kernel = rng.random(shape, np.float32)
    kernel -= 0.5
    kernel *= np.sqrt(18 / inputs, dtype=np.float32)
    return kernel


def network(case: Case) -> nnx.Module:
    module = module_of(case.spec, tuple(case.set.items()))
    return abstract(getattr(module, case.model), classes=CLASSES)


@lru_cache(maxsize=1)  # models of a spec stand together
def module_of(spec: str, settings: tuple[tuple[str, Any], ...]) -> ModuleType:
    return cnndsl.load(SPECS / f"{spec}.cnn", set=dict(settings))


def run_keras(model: Any, images: np.ndarray, training: bool) -> tuple[np.ndarray, list[Any]]:
    """Logits, and what becomes of the variables that are not trained."""

    def run(trained: list[Any], rest: list[Any], x: jax.Array) -> Any:
        return model.stateless_call(trained, rest, x, training=training)

    trained = [variable.value for variable in model.trainable_variables]
    rest = [variable.value for variable in model.non_trainable_variables]
    logits, rest = jax.jit(run, compiler_options=QUICK)(trained, rest, images)
    return np.asarray(logits), rest


def run_ours(model: nnx.Module, images: np.ndarray) -> np.ndarray:
    """Logits; a pass in training moves the batch statistics of the model."""
    graph, moving, rest = nnx.split(model, nnx.BatchStat, ...)

    def run(moving: nnx.State, rest: nnx.State, x: jax.Array) -> tuple[jax.Array, nnx.State]:
        model = nnx.merge(graph, moving, rest)
        return model(x), nnx.state(model, nnx.BatchStat)

    logits, moved = jax.jit(run, compiler_options=QUICK)(moving, rest, images)
    nnx.update(model, moved)
    return np.asarray(logits)


def statistics(model: nnx.Module) -> dict[str, np.ndarray]:
    return {
        dotted(path): np.asarray(variable.get_value())
        for path, variable in nnx.to_flat_state(nnx.state(model, nnx.BatchStat))
    }
