"""The learning rates that modules have, against what papers and the language say of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module

import numpy as np
import pytest

from tests.compiled import GENERATED
from tests.recipes.compiled import trainer

pytestmark = pytest.mark.xla

PER_EPOCH = 400


def steps(rate: float, factor: float, *milestones: float) -> Callable[[float], float]:
    """Multiplied by `factor` at each of some epochs."""
    return lambda epoch: rate * factor ** sum(epoch >= at for at in milestones)


def every(rate: float, factor: float, length: float) -> Callable[[float], float]:
    return lambda epoch: rate * factor ** (epoch // length)


def lenet(epoch: float) -> float:
    """Section III.B, pass by pass."""
    passes = [5e-4] * 2 + [2e-4] * 3 + [1e-4] * 3 + [5e-5] * 4 + [1e-5] * 8
    return passes[int(epoch)]


def warmed_up(epoch: float) -> float:
    """tensorflow/tpu, models/official/efficientnet/utils.py: the decay counts from the start."""
    return 0.256 * epoch / 5 if epoch < 5 else 0.256 * 0.97 ** (epoch // 2.4)


def rising(epoch: float) -> float:
    return 0.1 * epoch if epoch < 1 else steps(0.1, 0.1, 82, 123)(epoch)


def one_cycle(epoch: float) -> float:
    """airbench94: up to 1.5 in 23 of a hundred steps, then down to 7 of a hundred parts of that;
    by cosines, from a 25th, as the language says of `one_cycle`.
    """
    rise = 2.3 - 1 / PER_EPOCH  # optax rounds down, and 0.23 is a little less as a float
    if epoch < rise:
        return 0.06 + 1.44 * (1 - math.cos(math.pi * epoch / rise)) / 2
    return 0.105 + 1.395 * (1 + math.cos(math.pi * (epoch - rise) / (10 - rise))) / 2


# By module and model: five epochs, and the rate at a time of the run.
PUBLISHED: dict[tuple[str, str], tuple[tuple[float, ...], Callable[[float], float]]] = {
    ("lenet5", "LeNet5"): ((0, 2, 4.5, 8, 19.9), lenet),
    ("lenet5", "LeNet5Tanh"): (
        (0, 1, 4, 7, 7.9),
        lambda epoch: 1e-3 * (1 + math.cos(math.pi * epoch / 8)),
    ),
    ("lenet5", "LeNet5ReLU"): ((0, 0.9, 1, 5.5, 9.9), every(0.01, 0.95, 1)),
    ("airbench", "Airbench94"): ((0, 1, 2.3, 6, 9.9), one_cycle),
    ("alexnet", "AlexNet"): ((0, 19.9, 20, 45, 89.9), every(0.01, 0.1, 20)),
    ("vgg16", "VGG16"): ((0, 19.9, 20, 59, 73.9), steps(0.01, 0.1, 20, 40, 60)),
    ("vgg19", "VGG19"): ((0, 19.9, 40, 59, 73.9), steps(0.01, 0.1, 20, 40, 60)),
    ("googlenet", "GoogLeNet"): (
        (0, 1, 30, 45, 59.9),
        lambda epoch: 0.01 * math.sqrt(1 - epoch / 60),
    ),
    ("inception_v3", "InceptionV3"): ((0, 1.9, 2, 51, 99.9), every(0.045, 0.94, 2)),
    ("resnet", "ResNet50"): ((0, 29.9, 30, 75, 89.9), every(0.1, 0.1, 30)),
    ("resnet_cifar", "ResNet20"): ((0, 81.9, 82, 122.9, 163), steps(0.1, 0.1, 82, 123)),
    ("resnet_cifar", "ResNet110"): ((0, 0.5, 1, 100, 130), rising),
    ("resnet_cifar", "ResNet18CIFAR"): (
        (0, 10, 100, 150, 199),
        lambda epoch: 0.05 * (1 + math.cos(math.pi * epoch / 200)),
    ),
    ("wide_resnet", "WRN28_10"): ((0, 60, 119.9, 120, 199), steps(0.1, 0.2, 60, 120, 160)),
    ("wide_resnet", "WideResNet50_2"): ((0, 29.9, 30, 60, 89.9), every(0.1, 0.1, 30)),
    ("densenet", "DenseNet121"): ((0, 29.9, 30, 60, 89.9), steps(0.1, 0.1, 30, 60)),
    ("densenet", "DenseNetBC100_12"): ((0, 149, 150, 225, 299), steps(0.1, 0.1, 150, 225)),
    ("mobilenet", "MobileNetV2"): ((0, 0.9, 1, 98.5, 299.9), every(0.045, 0.98, 1)),
    ("efficientnet", "EfficientNetB0"): ((0, 2.5, 5, 100, 349), warmed_up),
    ("efficientnet", "EfficientNetB7"): ((1, 4.9, 6, 24, 200), warmed_up),
}


def recipe_of(module: str, model: str):
    found = import_module(f"generated.{module}_training")
    return found.RECIPES[model] if hasattr(found, "RECIPES") else found


def test_every_module_of_the_zoo_is_among_them():
    modules = {p.stem for p in GENERATED.glob("*_training.py")}
    assert {f"{module}_training" for module, _ in PUBLISHED} == modules


@pytest.mark.parametrize(("module", "model"), PUBLISHED)
def test_a_rate_is_the_published_one_at_five_points_of_the_run(module, model):
    epochs, published = PUBLISHED[module, model]
    recipe = recipe_of(module, model)
    assert max(epochs) < recipe.EPOCHS
    schedule = recipe.schedule(PER_EPOCH)
    found = [float(schedule(round(epoch * PER_EPOCH))) for epoch in epochs]
    expected = [published(epoch) for epoch in epochs]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-6 * max(expected))


# --- what the language says -----------------------------------------------------------


def half_a_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


# A schedule in a run of ten epochs, and what the language says of its rate.
SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant(0.1)": lambda t: 0.1,
    "constant(0.1, warmup = 2)": lambda t: min(t / 2, 1) * 0.1,
    "step(0.1, every = 3, factor = 0.5)": every(0.1, 0.5, 3),
    "step(0.1, warmup = 0.5, at = [2.5, 4])": lambda t: (
        0.2 * t if t < 0.5 else steps(0.1, 0.1, 2.5, 4)(t)
    ),
    "step(0.1, at = [1, 5], factor = [0.5, 4])": lambda t: (
        0.1 if t < 1 else (0.05 if t < 5 else 0.2)
    ),
    "cosine(0.1, end = 0.01)": lambda t: half_a_cosine(0.1, 0.01, t / 10),
    "cosine(0.1, warmup = 2)": lambda t: 0.05 * t if t < 2 else half_a_cosine(0.1, 0, (t - 2) / 8),
    "cosine(0.1, warmup = 2, end = 0.02)": lambda t: (
        0.05 * t if t < 2 else half_a_cosine(0.1, 0.02, (t - 2) / 8)
    ),
    "exponential(0.1, factor = 0.5)": lambda t: 0.1 * 0.5**t,
    "exponential(0.1, every = 2.5, factor = 0.5, warmup = 1)": lambda t: (
        0.1 * t if t < 1 else 0.1 * 0.5 ** (t / 2.5)
    ),
    "polynomial(0.1)": lambda t: 0.1 * (1 - t / 10),
    "polynomial(0.1, power = 2, end = 0.02)": lambda t: 0.02 + 0.08 * (1 - t / 10) ** 2,
    "polynomial(0.1, warmup = 2)": lambda t: 0.05 * t if t < 2 else 0.1 * (10 - t) / 8,
    "polynomial(0.1, warmup = 2, power = 2)": lambda t: (
        0.05 * t if t < 2 else 0.1 * ((10 - t) / 8) ** 2
    ),
    "one_cycle(0.1)": lambda t: (
        half_a_cosine(0.004, 0.1, t / 3) if t < 3 else half_a_cosine(0.1, 4e-7, (t - 3) / 7)
    ),
    "one_cycle(0.1, warmup = 5, end = 0.001)": lambda t: (
        half_a_cosine(0.004, 0.1, t / 5) if t < 5 else half_a_cosine(0.1, 0.001, (t - 5) / 5)
    ),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_is_what_the_language_says(schedule):
    made = trainer(schedule=schedule).schedule(PER_EPOCH)
    epochs = [0, 0.25, 0.5, 1, 1.75, 2, 2.5, 3, 4, 5, 6.2, 7.5, 9.75]
    found = [float(made(round(epoch * PER_EPOCH))) for epoch in epochs]
    expected = [SCHEDULES[schedule](epoch) for epoch in epochs]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-9)


def test_a_run_of_few_steps_has_a_schedule():
    """One step an epoch, so that fractions of epochs are no whole steps."""
    for schedule in ("cosine(0.1, warmup = 0.3)", "step(0.1, warmup = 0.3, every = 2.4)"):
        made = trainer(schedule=schedule).schedule(1)
        assert all(0 <= float(made(step)) <= 0.1 + 1e-6 for step in range(12))
