"""Files of weights: safetensors, Keras's, PyTorch's and numpy's, none of which is trusted.

A reader checks all that a file lists against its length before it reads a tensor, and then reads
every tensor by itself: exactly the bytes that were listed.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from cnndsl.excerpt import clean
from cnndsl.weights.archive import Archive, Raw, check_tensors
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.pieces import size_of

SUFFIXES = (".safetensors", ".weights.h5", ".h5", ".keras", ".pth", ".pt", ".npz")
LONGEST = 400  # characters of a message; names of a file may be long
DAMAGED = (
    OSError, ValueError, ArithmeticError, LookupError, TypeError, RuntimeError, EOFError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def read(path: str | os.PathLike[str]) -> Archive:
    """What a file of weights holds; the numbers themselves are read when they are needed.

    Raises:
      WeightsError: if it cannot be read, is of no known kind, is damaged, or is hostile; so do
        the tensors when they are read. The message has no control characters.
    """
    path = os.fspath(path)
    name = os.path.basename(path)
    reader = _reader(path)
    with _refusing(name):
        if not os.path.isfile(path):  # to open a pipe or a device may take forever
            raise WeightsError("there is no such file, or it is none that holds data")
        archive = reader(path)
        check_tensors(archive.tensors, size_of(path))
    tensors = (replace(raw, read=partial(_values, name, raw)) for raw in archive.tensors)
    return replace(archive, tensors=tuple(tensors))


def _values(file: str, raw: Raw) -> np.ndarray:
    """The values of a tensor, if they are what was listed."""
    with _refusing(file):
        values = raw.read()
        if (values.shape, values.dtype.name) != (raw.shape, raw.dtype):
            raise WeightsError(f"{raw.name} is not what the file lists")
        return values


@contextmanager
def _refusing(file: str) -> Iterator[None]:
    """Whatever a file makes fail is a `WeightsError` that begins with the file's name."""
    try:
        yield
    except WeightsError as error:
        message, help = str(error), error.help
    except MemoryError:
        message, help = "it needs more memory than there is", None
    except DAMAGED as error:
        message, help = f"it cannot be read: {error or type(error).__name__}", None
    else:
        return
    message = " ".join(f"{file}: {message}".split())
    raise WeightsError(clean(message[:LONGEST]), help)


def _reader(path: str) -> Callable[[str], Archive]:
    lower = path.lower()
    if lower.endswith(".safetensors"):
        from cnndsl.weights.readers.safetensors import read as reader
    elif lower.endswith((".h5", ".hdf5")):
        from cnndsl.weights.readers.hdf5 import read as reader
    elif lower.endswith(".keras"):
        from cnndsl.weights.readers.hdf5 import read_keras as reader
    elif lower.endswith((".pth", ".pt")):
        from cnndsl.weights.readers.torch import read as reader
    elif lower.endswith(".npz"):
        from cnndsl.weights.readers.npz import read as reader
    else:
        raise WeightsError(
            f"{os.path.basename(path)}: its name does not say what kind of file it is",
            f"the kinds are {', '.join(SUFFIXES)}",
        )
    return reader
