"""Images in one file of numpy's: x_train, y_train, x_test and y_test, as Keras's data sets have."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from cnndsl.training.data.source import Arrays, Dataset, hold_out, numbered
from cnndsl.training.errors import TrainingError

_NAMES = (("x_train", "y_train", "x_test", "y_test"), ("images", "labels", None, None))
_WANTED = "it holds x_train, y_train and, if there are any, x_test, y_test and classes"
SHARE = 0.1  # held out where a file has no test images


def read(path: Path, name: str) -> Dataset:
    """Images (N, H, W) or (N, H, W, C) uint8, or floats from 0 to 1; labels (N,) integers.

    Raises:
      TrainingError: if the file cannot be read or holds something else.
    """
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            tables = {key: archive[key] for key in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from None
    found = next((names for names in _NAMES if {names[0], names[1]} <= set(tables)), None)
    if found is None:
        raise TrainingError(f"{path} holds {', '.join(tables) or 'nothing'}", _WANTED)
    images, labels, test_images, test_labels = found
    train = _arrays(path, tables[images], tables[labels], images)
    count = int(train.labels.max()) + 1
    if test_images is None or test_labels is None or test_images not in tables:
        notes = (f"{path} has no test images: a tenth is held out",)
        classes = _classes(path, tables, count)
        return Dataset(name, classes, *hold_out(train, SHARE), notes, train)
    if test_labels not in tables:
        raise TrainingError(f"{path} has {test_images} without {test_labels}", _WANTED)
    test = _arrays(path, tables[test_images], tables[test_labels], test_images)
    classes = _classes(path, tables, max(count, int(test.labels.max()) + 1))
    return Dataset(name, classes, train, test)


def _classes(path: Path, tables: dict[str, np.ndarray], count: int) -> tuple[str, ...]:
    if "classes" not in tables:
        return numbered(count)
    names = tuple(map(str, tables["classes"].ravel()))
    if len(names) < count:
        raise TrainingError(f"{path} names {len(names)} classes and has a label {count - 1}")
    return names


def _arrays(path: Path, images: np.ndarray, labels: np.ndarray, title: str) -> Arrays:
    labels = labels.reshape(len(labels), -1)[:, 0] if labels.ndim == 2 else labels
    if images.ndim not in (3, 4) or len(images) != len(labels) or labels.ndim != 1:
        seen = f"{title} {images.shape} and labels {labels.shape}"
        raise TrainingError(f"{path} has {seen}", "images are (N, H, W, C), labels (N,)")
    if not len(labels):
        raise TrainingError(f"{path} has no images in {title}")
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0:
        raise TrainingError(f"{path}: labels are integers from 0 on, not {labels.dtype}")
    if np.issubdtype(images.dtype, np.floating):
        if images.min() < 0 or images.max() > 1:
            low, high = float(images.min()), float(images.max())
            message = f"{path}: {title} has floats from {low:g} to {high:g}"
            raise TrainingError(message, "images are uint8, or floats from 0 to 1")
        images = np.rint(images * 255).astype(np.uint8)
    if images.dtype != np.uint8:
        message = f"{path}: {title} has {images.dtype}"
        raise TrainingError(message, "images are uint8, or floats from 0 to 1")
    images = images[..., np.newaxis] if images.ndim == 3 else images
    if images.shape[-1] not in (1, 3):
        raise TrainingError(f"{path}: {title} has {images.shape[-1]} channels, not 1 or 3")
    return Arrays(images, labels.astype(np.int32), title)
