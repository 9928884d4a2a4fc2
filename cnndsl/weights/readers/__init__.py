"""Files of weights: safetensors, Keras's, PyTorch's and numpy's, none of which is trusted."""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable

from cnndsl.weights.archive import Archive
from cnndsl.weights.errors import WeightsError

SUFFIXES = (".safetensors", ".weights.h5", ".h5", ".keras", ".pth", ".pt", ".npz")


def read(path: str | os.PathLike[str]) -> Archive:
    """What a file of weights holds; the numbers themselves are read when they are needed.

    Raises:
      WeightsError: if it cannot be read, is of no known kind, is damaged, or is hostile.
    """
    path = os.fspath(path)
    name = os.path.basename(path)
    reader = _reader(path)
    try:
        if not os.path.isfile(path):
            raise WeightsError("there is no such file")
        return reader(path)
    except WeightsError as error:
        raise WeightsError(f"{name}: {error}", error.help) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError):
        raise WeightsError(f"{name}: its zip archive is damaged or cut off") from None
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{name}: it cannot be read: {_short(error)}") from None


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


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
