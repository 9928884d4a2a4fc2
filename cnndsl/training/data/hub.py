"""Data sets of the Hugging Face hub, through `datasets`: `hf:NAME` or `hf:NAME:CONFIG`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cnndsl.training.data.source import Dataset, Shape, Source, Unreadable, hold_out, numbered
from cnndsl.training.errors import TrainingError

HELD_OUT = ("validation", "valid", "val", "test")
SHARE = 0.1  # held out where there is one split


class Table(Protocol):
    """What a split of `datasets` is, as far as it is needed."""

    @property
    def features(self) -> Mapping[str, Any]: ...

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True)
class Rows:
    """One split: a column of images and one of labels."""

    table: Table
    column: str
    labels: np.ndarray
    title: str
    shape: Shape | None = None

    def image(self, index: int) -> np.ndarray:
        try:
            picture = self.table[index][self.column]
            gray = picture.mode in ("1", "L", "LA", "I;16", "I", "F")
            pixels = np.asarray(picture.convert("L" if gray else "RGB"))
        except (OSError, ValueError, SyntaxError) as error:
            raise Unreadable(" ".join(str(error).split())) from None
        return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels

    def name(self, index: int) -> str:
        return f"{self.title}[{index}]"


def read(name: str) -> Dataset:
    """The splits `train` and `validation` or `test` of a data set.

    Raises:
      TrainingError: if `datasets` is not installed, cannot load it, or it has no such columns.
    """
    try:
        import datasets  # type: ignore[import-not-found, unused-ignore]  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError:
        message = "`hf:` needs the package `datasets`: it is not installed"
        raise TrainingError(message, "pip install datasets") from None
    path, _, config = name.partition(":")
    try:
        splits = datasets.load_dataset(path, config or None)
    except Exception as error:  # it raises whatever its loaders and its network raise
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(f"hf:{name} cannot be loaded: {reason}") from None
    if "train" not in splits:
        raise TrainingError(f"hf:{name} has no split `train`, but {', '.join(splits)}")
    train, classes = _rows(splits["train"], name, "train")
    title = f"hf:{name}"
    held = next((split for split in HELD_OUT if split in splits), None)
    if held is None:
        parts: tuple[Source, Source] = hold_out(train, SHARE)
        notes = (f"{title} has one split: a tenth is held out",)
        return Dataset(title, classes, *parts, notes, train)
    return Dataset(title, classes, train, _rows(splits[held], name, held)[0])


def _rows(table: Table, name: str, split: str) -> tuple[Rows, tuple[str, ...]]:
    kinds = {key: type(feature).__name__ for key, feature in table.features.items()}
    images = [key for key, kind in kinds.items() if kind == "Image"]
    labels = [key for key, kind in kinds.items() if kind == "ClassLabel"]
    labels = labels or [key for key in kinds if key in ("label", "labels")]
    if not images or not labels:
        seen = ", ".join(f"{key} ({kind})" for key, kind in kinds.items())
        raise TrainingError(f"hf:{name} has no images with labels, but {seen}")
    known = np.asarray(table[labels[0]], np.int32)
    if known.size and known.min() < 0:
        raise TrainingError(f"the labels of hf:{name}, split {split}, are not published")
    names = getattr(table.features[labels[0]], "names", None)
    classes = tuple(names) if names else numbered(int(known.max()) + 1)
    return Rows(table, images[0], known, f"hf:{name}/{split}"), classes
