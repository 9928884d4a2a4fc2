"""All images of a source decoded into one array, those left out that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from cnndsl.training.data.fit import Fitted
from cnndsl.training.data.source import Shape, Unreadable, listed
from cnndsl.training.errors import TrainingError

MOST_UNREADABLE = 0.01  # of all images


@dataclass(frozen=True)
class Resident:
    """Images as they go to the device: (N, H, W, C) uint8, and labels (N,) int32.

    `names` are what mistakes are called in a report; `unreadable` says what was left out, and why.
    """

    images: np.ndarray
    labels: np.ndarray
    names: Sequence[str]
    unreadable: tuple[str, ...] = ()


def size_of(source: Fitted) -> int:
    """The bytes that the images of a source take when they lie in one array."""
    height, width, channels = source.shape
    return len(source.labels) * height * width * channels


def decode(source: Fitted, workers: int = 8, most: float = MOST_UNREADABLE) -> Resident:
    """Every image of a source, in its order.

    Raises:
      TrainingError: if more than the share `most` of them cannot be read, or one has another size.
    """
    count = len(source.labels)
    images = np.zeros((count, *source.shape), np.uint8)
    readable = np.ones(count, bool)
    bad: list[str] = []

    def one(index: int) -> str | None:
        try:
            images[index] = source.image(index)
        except Unreadable as error:
            readable[index] = False
            return f"{source.name(index)}: {error}"
        except ValueError as error:
            help = "--fit resize resizes images of another size"
            raise TrainingError(f"{source.name(index)}: {error}", help) from None
        return None

    with ThreadPoolExecutor(workers) as pool:
        bad = [message for message in pool.map(one, range(count), chunksize=64) if message]
    check_unreadable(bad, count, most)
    if not bad:
        return Resident(images, source.labels, [source.name(i) for i in range(count)])
    kept = np.flatnonzero(readable)
    names = [source.name(int(i)) for i in kept]
    return Resident(images[kept], source.labels[kept], names, tuple(bad))


def check_unreadable(bad: Sequence[str], count: int, most: float) -> None:
    """Raises `TrainingError` where too many images are unreadable; one is always let pass."""
    if len(bad) <= max(1, most * count):
        return
    message = f"{len(bad)} of {count} images cannot be read: {listed(list(bad), 3)}"
    raise TrainingError(message, f"repair or remove them; up to {most:.0%} are skipped")


def check_classes(labels: np.ndarray, classes: Sequence[str], part: str) -> None:
    """Raises `TrainingError` where a class has no images to train with."""
    missing = [classes[int(i)] for i in np.setdiff1d(np.arange(len(classes)), labels)]
    if missing:
        message = f"no images of {listed(missing)} {part}"
        raise TrainingError(message, "every class needs images: add some, or leave the class out")


def statistics(images: np.ndarray, most: int = 10_000) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel of images (N, H, W, C), from 0 to 1."""
    chosen = images[:: max(1, len(images) // most)]
    mean = chosen.mean(axis=(0, 1, 2), dtype=np.float64) / 255
    std = chosen.std(axis=(0, 1, 2), dtype=np.float64) / 255
    return [round(float(m), 4) for m in mean], [round(float(max(s, 1e-3)), 4) for s in std]


def central(shape: Shape, within: Shape) -> tuple[slice, slice]:
    """The rows and columns of the middle of a larger image."""
    top, left = ((outer - inner) // 2 for outer, inner in zip(within[:2], shape[:2], strict=True))
    return slice(top, top + shape[0]), slice(left, left + shape[1])
