"""Images made to fit a network: their size and their channels, as bytes.

A network's `PREPROCESS` says how its images were resized; without it they are resized whole, or
to the shorter side and cropped, when they have another form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from cnndsl.training.data.source import Dataset, Shape, Source
from cnndsl.training.errors import TrainingError

MARGIN = 0.875  # of a larger image, the part that its central crop shows
FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "area": Image.Resampling.BOX,
}


@dataclass(frozen=True)
class Fit:
    """How an image becomes one of `shape`.

    Attributes:
      shape: (H, W, C) of the result.
      how: `resize`; `pad` with black around it; or `exact`, which takes no other size.
      shorter: what the shorter side becomes before the middle is cut out.
      interpolation: of a resize.
    """

    shape: Shape
    how: str = "resize"
    shorter: int | None = None
    interpolation: str = "bilinear"

    def __call__(self, image: np.ndarray) -> np.ndarray:
        """(H, W, C) uint8 of any size, gray or RGB -> `shape`.

        Raises:
          ValueError: if it has another size than it must have.
        """
        height, width, channels = self.shape
        image = _with_channels(image, channels)
        if image.shape == self.shape:
            return image
        if self.how == "resize":
            return self._resized(image)
        if self.how == "exact" or image.shape[0] > height or image.shape[1] > width:
            raise ValueError(f"it is {_size(image.shape)}, not {_size(self.shape)}")
        rows, columns = height - image.shape[0], width - image.shape[1]
        top, left = rows // 2, columns // 2
        return np.pad(image, ((top, rows - top), (left, columns - left), (0, 0)))

    def _resized(self, image: np.ndarray) -> np.ndarray:
        height, width, _ = self.shape
        above, aside = image.shape[:2]
        scale = max(height / above, width / aside)
        if self.shorter is not None:
            scale = max(scale, self.shorter / min(above, aside))
        rows, columns = max(height, round(above * scale)), max(width, round(aside * scale))
        planes = [
            np.asarray(
                Image.fromarray(np.ascontiguousarray(plane)).resize(
                    (columns, rows), FILTERS[self.interpolation]
                )
            )
            for plane in np.moveaxis(image, -1, 0)
        ]
        top, left = (rows - height) // 2, (columns - width) // 2
        return np.stack(planes, axis=-1)[top : top + height, left : left + width]


def plan(
    data: Dataset, shape: Shape, how: str, preprocess: Mapping[str, Any] | None, margin: bool
) -> tuple[Fit, tuple[str, ...]]:
    """How the images of `data` become what a network of input `shape` takes, and what to say.

    Args:
      margin: whether images are kept larger than the input, for random crops to choose from.

    Raises:
      TrainingError: if the images have one size, and `how` does not take it.
    """
    settings = preprocess or {}
    height, width, channels = shape
    stored = shape
    shorter = _shorter(settings)
    seen = data.train.shape
    larger = seen is None or (seen[0] > height and seen[1] > width)
    if margin and how == "resize" and larger:
        shorter = shorter or round(min(height, width) / MARGIN)
        grown = shorter / min(height, width)
        stored = max(height, round(height * grown)), max(width, round(width * grown)), channels
    fit = Fit(stored, how, shorter if larger else None, settings.get("interpolation", "bilinear"))
    if seen is None:
        return fit, (f"images are resized to {_size(stored)}",) if how == "resize" else ()
    return fit, _notes(data, seen, shape, fit)


def _shorter(settings: Mapping[str, Any]) -> int | None:
    """The shorter side that `PREPROCESS` asks for before its crop."""
    size = settings.get("size")
    return size if isinstance(size, int) and settings.get("crop") is not None else None


def _notes(data: Dataset, seen: Shape, shape: Shape, fit: Fit) -> tuple[str, ...]:
    notes = []
    for part, source in (("images", data.train), ("held-out images", data.held_out)):
        if source.shape is not None and source.shape[2] != seen[2]:
            message = f"{data.name}: {part} have {source.shape[2]} channels, the others {seen[2]}"
            raise TrainingError(message)
    if seen[:2] != shape[:2]:
        wrong = f"the images of {data.name} are {_size(seen)}, the network takes {_size(shape)}"
        too_large = seen[0] > shape[0] or seen[1] > shape[1]
        if fit.how == "exact" or (fit.how == "pad" and too_large):
            help = "--fit resize resizes them; --set may give the network another size"
            raise TrainingError(wrong, help)
        done = "resized" if fit.how == "resize" else "padded with black"
        notes.append(f"{wrong}: they are {done}")
    if seen[2] != shape[2]:
        wrong = f"the images of {data.name} have {_channels(seen)}, the network takes {shape[2]}"
        if fit.how == "exact" or shape[2] not in (1, 3):
            raise TrainingError(wrong, "take data of as many channels")
        done = "gray is repeated" if shape[2] == 3 else "they are turned gray"
        notes.append(f"{wrong}: {done}")
    return tuple(notes)


def _with_channels(image: np.ndarray, channels: int) -> np.ndarray:
    """Gray repeated, or colours as gray by ITU-R 601, as Pillow does it."""
    if image.shape[-1] == channels:
        return image
    if channels == 3:
        return np.repeat(image[..., :1], 3, axis=-1)
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).convert("L"))[..., np.newaxis]


def _channels(shape: Shape) -> str:
    return f"{shape[2]} channel{'s' * (shape[2] != 1)}"


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[0]} x {shape[1]}"


@dataclass(frozen=True)
class Fitted:
    """A source whose images all have the shape of a fit."""

    source: Source
    fit: Fit

    @property
    def labels(self) -> np.ndarray:
        return self.source.labels

    @property
    def shape(self) -> Shape:
        return self.fit.shape

    def image(self, index: int) -> np.ndarray:
        return self.fit(self.source.image(index))

    def name(self, index: int) -> str:
        return self.source.name(index)
