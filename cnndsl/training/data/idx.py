"""IDX files, in which MNIST and its family are published.

LeCun, Cortes & Burges, "The MNIST database of handwritten digits": two zero bytes, the type of
the elements, the rank, each dimension as big-endian uint32, then the elements. Files may be
gzipped.
"""

from __future__ import annotations

import gzip
import math
import re
import struct
import zlib
from pathlib import Path

import numpy as np

from cnndsl.training.data.source import Arrays, Dataset, Source, hold_out, numbered
from cnndsl.training.errors import TrainingError

UNSIGNED_BYTE = 0x08
_NAMED = re.compile(r"(.*?)-?(images|labels)[-.]idx([13])-ubyte(\.gz)?$")
_HELD_OUT = ("t10k", "test", "val")
SHARE = 0.1  # held out where a folder has no test images


def find(folder: Path) -> dict[str, Path]:
    """The IDX files of a folder: `train-images` and the like by name, an unzipped one first."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir(), reverse=True):  # x-ubyte after x-ubyte.gz
        if named := _NAMED.match(path.name):
            found[f"{named[1]}-{named[2]}"] = path
    return found


def read(folder: Path, name: str) -> Dataset:
    """The training images of a folder and, if it has them, its test images.

    Raises:
      TrainingError: if a file is missing, broken, or does not go with its pair.
    """
    files = find(folder)
    prefixes = sorted({prefix.rpartition("-")[0] for prefix in files})
    held = next((p for p in prefixes if any(word in p for word in _HELD_OUT)), None)
    first = next((p for p in prefixes if p != held), None)
    if first is None:
        message = f"{folder} has IDX files, but none of training images"
        raise TrainingError(message, "they are called train-images-idx3-ubyte[.gz]")
    train = _pair(folder, files, first)
    classes = int(train.labels.max()) + 1
    if held is None:
        kept: tuple[Source, Source] = hold_out(train, SHARE)
        notes = (f"{folder} has no test images: a tenth is held out",)
        return Dataset(name, numbered(classes), *kept, notes, train)
    test = _pair(folder, files, held)
    classes = max(classes, int(test.labels.max()) + 1)
    return Dataset(name, numbered(classes), train, test)


def _pair(folder: Path, files: dict[str, Path], prefix: str) -> Arrays:
    for kind in ("images", "labels"):
        if f"{prefix}-{kind}" not in files:
            raise TrainingError(f"{folder} has no {kind} for `{prefix}`")
    images = read_idx(files[f"{prefix}-images"], 3)
    labels = read_idx(files[f"{prefix}-labels"], 1)
    if len(images) != len(labels) or not len(labels):
        message = f"{folder}: `{prefix}` has {len(images)} images and {len(labels)} labels"
        raise TrainingError(message)
    return Arrays(images[..., np.newaxis], labels.astype(np.int32), prefix)


def read_idx(path: Path, rank: int) -> np.ndarray:
    """The unsigned bytes of a file as an array of `rank` dimensions.

    Raises:
      TrainingError: if it deviates from its format.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".gz":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingError(f"{path} cannot be read: {error}") from None
    header = 4 + 4 * rank
    if len(content) < header:
        raise TrainingError(f"{path} ends inside its header of {header} bytes")
    magic = bytes([0, 0, UNSIGNED_BYTE, rank])
    if content[:4] != magic:
        raise TrainingError(
            f"{path} starts with {content[:4].hex()}, an IDX file with {magic.hex()}"
        )
    shape = struct.unpack(f">{rank}I", content[4:header])
    elements = np.frombuffer(content, np.uint8, offset=header)
    expected = math.prod(shape)
    if elements.size != expected:
        raise TrainingError(
            f"{path} holds {elements.size} bytes of data, its header says {expected}"
        )
    return elements.reshape(shape)
