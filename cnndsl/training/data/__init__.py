"""Labelled images from where users have them.

>>> from cnndsl.training.data import open_data
>>> digits = open_data("digits")
>>> len(digits.train.labels), digits.train.shape
(1438, (8, 8, 1))
"""

from __future__ import annotations

from pathlib import Path

from cnndsl.training.data.source import Arrays, Dataset, Source, Subset, Unreadable
from cnndsl.training.errors import TrainingError

__all__ = ["Arrays", "Dataset", "Source", "Subset", "Unreadable", "open_data"]

DIGITS, HUB = "digits", "hf:"
KINDS = (
    "data are `digits`, `hf:NAME`, a .npz file, or a folder: with a folder of images per class, "
    "with IDX files (MNIST) or with CIFAR's .bin files"
)


def open_data(name: str) -> Dataset:
    """The data that a user names: see `KINDS`.

    Raises:
      TrainingError: if there are none, or they are broken.
    """
    if name == DIGITS:
        from cnndsl.training.data import digits

        return digits.read()
    if name.startswith(HUB):
        from cnndsl.training.data import hub

        return hub.read(name.removeprefix(HUB))
    path = Path(name).expanduser()
    try:
        found = _open(path, name)
    except OSError as error:
        raise TrainingError(f"cannot read {error.filename or name}: {error.strerror}") from None
    for part, source in (("to train with", found.train), ("held out", found.held_out)):
        if not len(source.labels):
            raise TrainingError(f"{name} has no images {part}", KINDS)
    return found


def _open(path: Path, name: str) -> Dataset:
    if not path.exists():
        raise TrainingError(f"there is no {name}", KINDS)
    if path.is_file():
        if path.suffix != ".npz":
            raise TrainingError(f"{name} is a file that is not read", KINDS)
        from cnndsl.training.data import npz

        return npz.read(path, name)
    from cnndsl.training.data import cifar, folder, idx

    if idx.find(path):
        return idx.read(path, name)
    if cifar.is_cifar(path):
        return cifar.read(path, name)
    if not folder.class_folders(path):
        inside = len(list(path.iterdir()))
        seen = f"{inside} file{'s' * (inside != 1)} and no folders" if inside else "nothing"
        raise TrainingError(f"{name} holds {seen}: no data that cnndsl reads", KINDS)
    return folder.read(path, name)
