"""Writes PyTorch's `.pth` without PyTorch: a zip archive of a pickle and of numbers.

Format: torch/serialization.py. The pickle names what builds a tensor from a storage, as
`torch.save` does; `torch.load(path, weights_only=True)` reads it.
"""

from __future__ import annotations

import os
import pickle
import struct
import zipfile
from collections.abc import Iterable, Mapping
from math import prod

import numpy as np

from cnndsl.weights.replacing import replacing

STORAGES = {"float32": "FloatStorage", "int64": "LongStorage"}
_DATE = (1980, 1, 1, 0, 0, 0)  # the same weights give the same bytes


def write_torch(path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray]) -> None:
    """Writes a state dict in one step.

    Raises:
      OSError: if it cannot be written.
    """
    with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:

        def add(name: str, data: bytes) -> None:
            archive.writestr(zipfile.ZipInfo(f"archive/{name}", _DATE), data)

        add("data.pkl", pickled(tensors))
        add("byteorder", b"little")
        for index, array in enumerate(tensors.values()):
            add(f"data/{index}", np.ascontiguousarray(array).tobytes())
        add("version", b"3\n")


def pickled(tensors: Mapping[str, np.ndarray]) -> bytes:
    """The pickle of an OrderedDict of tensors, each a view of a storage of its own."""
    parts = [pickle.PROTO, b"\x02", _ORDERED, pickle.MARK]
    for index, (name, array) in enumerate(tensors.items()):
        strides = [prod(array.shape[axis + 1 :]) for axis in range(array.ndim)]
        storage = (
            pickle.MARK,
            _text("storage"),
            _global("torch", STORAGES[array.dtype.name]),
            _text(str(index)),
            _text("cpu"),
            _int(array.size),
            pickle.TUPLE,
            pickle.BINPERSID,
        )
        parts += [_text(name), _global("torch._utils", "_rebuild_tensor_v2"), pickle.MARK]
        parts += [*storage, _int(0), _ints(array.shape), _ints(strides), pickle.NEWFALSE, _ORDERED]
        parts += [pickle.TUPLE, pickle.REDUCE]
    return b"".join([*parts, pickle.SETITEMS, pickle.STOP])


def _global(module: str, name: str) -> bytes:
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def _text(text: str) -> bytes:
    data = text.encode()
    return pickle.BINUNICODE + struct.pack("<I", len(data)) + data


def _int(number: int) -> bytes:
    data = pickle.encode_long(number)
    return pickle.LONG1 + bytes([len(data)]) + data


def _ints(numbers: Iterable[int]) -> bytes:
    return pickle.MARK + b"".join(map(_int, numbers)) + pickle.TUPLE


_ORDERED = _global("collections", "OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE
