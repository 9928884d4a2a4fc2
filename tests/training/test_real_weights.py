"""Weights that others trained, put to another use: few photographs, of classes they never saw."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnndsl.training import Settings, fit
from cnndsl.training.data import Source, open_data
from cnndsl.weights.readers import read
from tests.training.test_fine_tuning import values
from tests.weights.test_real_weights import TRAINED, extracted

pytestmark = [pytest.mark.xla, pytest.mark.slow]
FASHION = "/usr/share/datasets/fashion-mnist"
CLASSES = (0, 2, 4, 6)  # T-shirt, pullover, coat, shirt: those that are told apart worst
TRUNK = ("stem_conv", "stem_norm", "blocks", "head_conv", "head_norm")
SIDE = 96


def few(source: Source, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first images of every class, in colour and as large as the network wants them."""
    images, labels = [], []
    for label, kind in enumerate(CLASSES):
        for index in np.flatnonzero(np.asarray(source.labels) == kind)[:count]:
            image = Image.fromarray(np.squeeze(source.image(int(index)))).convert("RGB")
            images.append(np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BICUBIC)))
            labels.append(label)
    return np.stack(images), np.array(labels)


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """20 images of each class to learn from, 50 held out."""
    if not os.path.isdir(FASHION):
        reason = "Debian's dataset-fashion-mnist is not installed"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    data = open_data(FASHION)
    (x, y), (held_out, held_labels) = few(data.train, 20), few(data.held_out, 50)
    path = tmp_path / "few.npz"
    np.savez(path, x_train=x, y_train=y, x_test=held_out, y_test=held_labels)
    return path


def test_torchvision_weights_learn_new_classes_from_few_images(photographs, tmp_path):
    weights = extracted(TRAINED[0], tmp_path)
    scratch = Settings(
        "MobileNetV2Torch",
        values={"input": [SIDE, SIDE, 3]},
        data=str(photographs),
        epochs=5,
        batch=20,
        rate=2e-3,
    )
    tuned = fit(replace(scratch, weights=str(weights), freeze=TRUNK), tmp_path / "tuned")
    assert tuned.accuracy >= 0.55
    assert tuned.accuracy >= fit(scratch, tmp_path / "scratch").accuracy + 0.2
    after = values(tuned.model)
    theirs = {tensor.name: tensor for tensor in read(str(weights)).tensors}
    held = after["stem_conv.kernel"].transpose(3, 2, 0, 1)
    np.testing.assert_array_equal(held, theirs["features.0.0.weight"].read())
    np.testing.assert_array_equal(
        after["head_norm.var"], theirs["features.18.1.running_var"].read()
    )
