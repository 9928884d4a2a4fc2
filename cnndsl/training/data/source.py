"""What images come from: labelled pictures by index, and how they are parted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Shape = tuple[int, int, int]  # height, width, channels


class Unreadable(Exception):
    """One image that cannot be read; the message says which, and why."""


class Source(Protocol):
    """Labelled images, each read when it is asked for.

    Attributes:
      labels: (N,) int32, the class of every image.
      shape: (H, W, C) of the images, or None where they differ.
    """

    @property
    def labels(self) -> np.ndarray: ...

    @property
    def shape(self) -> Shape | None: ...

    def image(self, index: int) -> np.ndarray:
        """An image, (H, W, C) uint8, gray or RGB.

        Raises:
          Unreadable: if there is no image where one should be.
        """
        ...

    def name(self, index: int) -> str:
        """What to call an image: its file, or its number."""
        ...


@dataclass(frozen=True)
class Arrays:
    """Images that lie in memory: (N, H, W, C) uint8."""

    images: np.ndarray
    labels: np.ndarray
    title: str

    @property
    def shape(self) -> Shape | None:
        height, width, channels = self.images.shape[1:]
        return height, width, channels

    def image(self, index: int) -> np.ndarray:
        return self.images[index]

    def name(self, index: int) -> str:
        return f"{self.title}[{index}]"


@dataclass(frozen=True)
class Subset:
    """Some images of a source, in the order of `indices`."""

    source: Source
    indices: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        return self.source.labels[self.indices]

    @property
    def shape(self) -> Shape | None:
        return self.source.shape

    def image(self, index: int) -> np.ndarray:
        return self.source.image(int(self.indices[index]))

    def name(self, index: int) -> str:
        return self.source.name(int(self.indices[index]))


@dataclass(frozen=True)
class Dataset:
    """Images to learn from and images to judge by.

    Attributes:
      name: what the user called it.
      classes: the names of the classes, by label.
      notes: what was decided about it, for the user to read.
      whole: all images, where the data are not parted by those who made them.
    """

    name: str
    classes: tuple[str, ...]
    train: Source
    held_out: Source
    notes: tuple[str, ...] = ()
    whole: Source | None = None


def hold_out(source: Source, share: float, seed: int = 0) -> tuple[Subset, Subset]:
    """The same share of every class kept back, at least one image where a class has two."""
    rng = np.random.default_rng(seed)
    kept: list[np.ndarray] = []
    for label in np.unique(source.labels):
        members = rng.permutation(np.flatnonzero(source.labels == label))
        most = max(1, round(share * len(members))) if len(members) > 1 else 0
        kept.append(members[:most])
    chosen = np.zeros(len(source.labels), bool)
    chosen[np.concatenate(kept)] = True
    return Subset(source, np.flatnonzero(~chosen)), Subset(source, np.flatnonzero(chosen))


def numbered(count: int) -> tuple[str, ...]:
    """The names of classes that have none."""
    return tuple(map(str, range(count)))


def listed(names: Sequence[str], most: int = 5) -> str:
    """`a, b, c and 7 more`."""
    shown = ", ".join(names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
