"""Small data, a small network, and runs of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

SPEC = """\
# A small network with everything that training has to get right.

# Bright squares against dark ones.
model Tiny(classes = 2, width = 4) {
  input 8x8x1
  stage stem { conv(width, 3, bias = false) -> bn -> relu }
  stage body { conv(width, 3) -> relu -> max_pool(2) -> dropout(0.1) }
  stage head { flatten -> dense(classes) }
}
"""
KINDS = ("bars", "blobs", "checks")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a spec and data of three kinds of pictures in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CNNDSL_DEBUG", raising=False)
    write_data(tmp_path)
    return tmp_path


def write_data(folder: Path) -> None:
    """`tiny.cnn` and `kinds.npz`."""
    (folder / "tiny.cnn").write_text(SPEC, encoding="utf-8")
    images, labels = pictures(96)
    test_images, test_labels = pictures(40, seed=1)
    np.savez(
        folder / "kinds.npz",
        x_train=images,
        y_train=labels,
        x_test=test_images,
        y_test=test_labels,
        classes=np.array(KINDS),
    )


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the spec, the data, and the run of two epochs `run`, to be copied."""
    from cnndsl.training import Settings, fit

    folder = tmp_path_factory.mktemp("finished")
    write_data(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        settings = Settings("tiny.cnn", data="kinds.npz", epochs=2, batch=16, rate=0.01)
        fit(settings, Path("run"))
    return folder


@pytest.fixture
def run(folder: Path, finished: Path) -> Path:
    """The same run in the current folder, for a test to damage."""
    shutil.copytree(finished, folder, dirs_exist_ok=True)
    return Path("run")


def pictures(count: int, side: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures (N, side, side, 1) uint8 of three kinds, in turn, and which they are."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    kinds = [
        rows // 2 % 2,
        (abs(rows - side / 2) < side / 4) & (abs(columns - side / 2) < side / 4),
        (rows + columns) % 2,
    ]
    labels = np.arange(count, dtype=np.int32) % len(kinds)
    clean = np.stack(kinds)[labels] * 160
    noisy = clean + rng.integers(0, 90, (count, side, side))
    return noisy.astype(np.uint8)[..., np.newaxis], labels


def write_folder(folder: Path, count: int, side: int = 12, seed: int = 0) -> None:
    """The same pictures as files, in a folder per kind."""
    images, labels = pictures(count, side, seed)
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        path = folder / KINDS[label] / f"{index:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image[..., 0]).save(path)
