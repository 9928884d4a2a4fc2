"""A folder with one folder of image files per class, as torchvision's and Keras's readers take."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from cnndsl.training.data.source import Dataset, Shape, Unreadable, hold_out, listed
from cnndsl.training.errors import TrainingError

SUFFIXES = frozenset(".jpg .jpeg .png .bmp .gif .webp .tif .tiff .ppm .pgm".split())
TRAIN, HELD_OUT = ("train",), ("val", "validation", "valid", "test")
SHARE = 0.2  # held out where a folder is not parted


@dataclass(frozen=True)
class Files:
    """Image files, decoded when they are asked for."""

    paths: Sequence[Path]
    labels: np.ndarray
    shape: Shape | None = None

    def image(self, index: int) -> np.ndarray:
        return read_image(self.paths[index])

    def name(self, index: int) -> str:
        return str(self.paths[index])


def read_image(path: Path) -> np.ndarray:
    """(H, W, 1) or (H, W, 3) uint8, the right way up.

    Raises:
      Unreadable: if the file is no image, or ends too early.
    """
    try:
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image)
            gray = turned.mode in ("1", "L", "LA", "I;16", "I", "F")
            pixels = np.asarray(turned.convert("L" if gray else "RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise Unreadable(reason.replace(str(path), path.name)) from None
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def class_folders(folder: Path) -> list[Path]:
    """Folders that may hold the images of a class; hidden ones do not count."""
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def read(folder: Path, name: str) -> Dataset:
    """The classes of a folder, or of its folders `train` and `val`.

    Raises:
      TrainingError: if a class has no images, or the two parts have other classes.
    """
    children = {path.name: path for path in class_folders(folder)}
    first = next((children[n] for n in TRAIN if n in children), None)
    second = next((children[n] for n in HELD_OUT if n in children), None)
    if first is None:
        files, classes = _files(folder, None)
        notes = (f"{folder} is not parted into train and val: a fifth is held out",)
        return Dataset(name, classes, *hold_out(files, SHARE), notes, files)
    files, classes = _files(first, None)
    if second is None:
        notes = (f"{folder} has no val beside train: a fifth is held out",)
        return Dataset(name, classes, *hold_out(files, SHARE), notes, files)
    return Dataset(name, classes, files, _files(second, classes)[0])


def _files(folder: Path, known: tuple[str, ...] | None) -> tuple[Files, tuple[str, ...]]:
    """The images below the class folders; with `known` classes there may be fewer of them."""
    folders = class_folders(folder)
    classes = tuple(path.name for path in folders)
    if known is not None and (unknown := sorted(set(classes) - set(known))):
        message = f"{folder} has classes that were not trained: {listed(unknown)}"
        raise TrainingError(message, "its folders are named as those of the training images")
    if known is None and len(classes) < 2:
        message = f"{folder} has {len(classes)} folder{'s' * (len(classes) != 1)} of images"
        raise TrainingError(message, "a data folder has one folder per class, two at least")
    names = known or classes
    paths: list[Path] = []
    labels: list[int] = []
    empty = []
    for path in folders:
        images = _images(path)
        if not images:
            empty.append(path.name)
        paths += images
        labels += [names.index(path.name)] * len(images)
    if empty:
        message = f"{folder}: no images in {listed(empty)}"
        raise TrainingError(message, "put images in, or remove the folder: every folder is a class")
    return Files(paths, np.array(labels, np.int32)), names


def _images(folder: Path) -> list[Path]:
    """Image files at any depth, in the order of their names; links to folders are not followed."""
    found = [
        Path(above, name)
        for above, _, names in os.walk(folder)
        for name in names
        if not name.startswith(".") and os.path.splitext(name)[1].lower() in SUFFIXES
    ]
    return sorted(found)
