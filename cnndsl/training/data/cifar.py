"""CIFAR's binary files: a label or two and 3,072 bytes of pixels, channel by channel.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009; the layout is that of
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnndsl.training.data.source import Arrays, Dataset, numbered
from cnndsl.training.errors import TrainingError

SIDE, CHANNELS = 32, 3
PIXELS = SIDE * SIDE * CHANNELS


def is_cifar(folder: Path) -> bool:
    return _has(folder, "data_batch_1.bin") or _has(folder, "train.bin")


def read(folder: Path, name: str) -> Dataset:
    """CIFAR-10 (five batches and a test batch) or CIFAR-100 (train.bin and test.bin).

    Raises:
      TrainingError: if a file is missing or is no whole number of records.
    """
    fine = not _has(folder, "data_batch_1.bin")
    if fine:
        train, test = [folder / "train.bin"], folder / "test.bin"
    else:
        train, test = sorted(folder.glob("data_batch_*.bin")), folder / "test_batch.bin"
    count = 100 if fine else 10
    classes = _names(folder, "fine_label_names.txt" if fine else "batches.meta.txt", count)
    return Dataset(
        name,
        classes,
        _arrays(train, 1 + fine, count, "train"),
        _arrays([test], 1 + fine, count, "test"),
    )


def _has(folder: Path, file: str) -> bool:
    return (folder / file).is_file()


def _names(folder: Path, file: str, count: int) -> tuple[str, ...]:
    try:
        names = (folder / file).read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return numbered(count)
    return tuple(names) if len(names) == count else numbered(count)


def _arrays(paths: Sequence[Path], labels: int, classes: int, title: str) -> Arrays:
    """`labels` bytes before the pixels of each record, of which the last is the class."""
    records = []
    for path in paths:
        try:
            content = np.fromfile(path, np.uint8)
        except OSError as error:
            raise TrainingError(f"{path} cannot be read: {error.strerror}") from None
        size = labels + PIXELS
        if not content.size or content.size % size:
            message = f"{path} has {content.size:,} bytes, no whole number of records of {size:,}"
            raise TrainingError(message)
        records.append(content.reshape(-1, size))
    table = np.concatenate(records)
    known = table[:, labels - 1]
    if known.max() >= classes:
        raise TrainingError(f"{paths[0]} has a label {known.max()}; there are {classes} classes")
    pixels = table[:, labels:].reshape(-1, CHANNELS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return Arrays(np.ascontiguousarray(pixels), known.astype(np.int32), title)
