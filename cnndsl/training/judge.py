"""A network judged by images whose classes are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnndsl.training.data.resident import Resident
from cnndsl.training.state import Judged, Leaves
from cnndsl.training.step import Program


@dataclass(frozen=True)
class Verdict:
    """What a network said of N images.

    Attributes:
      labels: (N,) the classes that they have.
      predicted: (N,) the likeliest class of each.
      probability: (N,) how likely it held the right one.
      among_five: (N,) whether the right one is among the five likeliest.
      losses: (N,) the cross-entropy.
    """

    labels: np.ndarray
    predicted: np.ndarray
    probability: np.ndarray
    among_five: np.ndarray
    losses: np.ndarray

    @property
    def right(self) -> np.ndarray:
        return self.predicted == self.labels

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())

    @property
    def top5(self) -> float:
        return float(self.among_five.mean())

    @property
    def loss(self) -> float:
        return float(self.losses.mean(dtype=np.float64))

    def by_class(self, classes: int) -> list[tuple[int, int]]:
        """Of each class: how many images were right, of how many."""
        right = np.bincount(self.labels[self.right], minlength=classes)
        return list(
            zip(right.tolist(), np.bincount(self.labels, minlength=classes).tolist(), strict=True)
        )

    def confusion(self, classes: int) -> np.ndarray:
        """(classes, classes) counts: the class by row, what it was taken for by column."""
        table = np.zeros((classes, classes), np.int64)
        np.add.at(table, (self.labels, self.predicted), 1)
        return table

    def worst(self, count: int) -> list[int]:
        """The mistakes of which the network was most certain, the worst first."""
        order = np.argsort(-self.losses, kind="stable")
        return [int(i) for i in order if not self.right[i]][:count]


def judge(
    program: Program,
    leaves: Leaves,
    data: Resident,
    batch: int,
    done: Callable[[int, int], None] = lambda images, of: None,
) -> Verdict:
    """What the network in use says of all images, a batch at a time.

    Args:
      done: is told how many images have been judged, and how many there are.
    """
    parts: list[list[np.ndarray]] = []
    for images, labels, real in batches(data, program.devices.count, batch):
        put = program.devices.put_batch
        share = program.devices.share(np.arange(len(labels)))
        found: Judged = program.judge(leaves, put(images[share]), put(labels[share]))
        parts.append([_local(array)[:real] for array in found])
        done(sum(len(part[0]) for part in parts), len(data.labels))
    predicted, probability, among_five, losses = map(np.concatenate, zip(*parts, strict=True))
    return Verdict(data.labels, predicted, probability, among_five, losses)


def batches(
    data: Resident, devices: int, batch: int
) -> Iterator[tuple[np.ndarray, np.ndarray, int]]:
    """All images in batches of one size, and how many of each are real: the last is filled up."""
    count = len(data.labels)
    size = min(batch, count)
    size += -size % devices
    for start in range(0, count, size):
        images, labels = data.images[start : start + size], data.labels[start : start + size]
        missing = size - len(labels)
        if missing:
            images = np.concatenate([images, np.zeros((missing, *images.shape[1:]), np.uint8)])
            labels = np.concatenate([labels, np.zeros(missing, labels.dtype)])
        yield images, labels, size - missing


def _local(array: Any) -> np.ndarray:
    """An array that every process has whole."""
    return np.asarray(array.addressable_data(0))
