"""Reads `.npz`: a zip archive of numpy arrays. Arrays of Python objects are refused."""

from __future__ import annotations

import zipfile
from math import prod
from typing import IO

import numpy as np
from numpy.lib import format as npy

from cnndsl.weights.archive import Archive, Raw, check_count, checked_name, checked_shape
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape
from cnndsl.weights.readers.archives import entries

MAX_HEADER = 10_000  # characters of an array's description


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is no archive of numbers that can be trusted."""
    tensors = []
    with zipfile.ZipFile(path) as archive:
        found = entries(archive)
        check_count(len(found))
        for entry in found:
            with archive.open(entry) as file:
                tensors.append(_tensor(path, entry, file))
    return Archive(path, "numpy archive", tuple(tensors))


def _tensor(path: str, entry: zipfile.ZipInfo, file: IO[bytes]) -> Raw:
    name = checked_name(entry.filename.removesuffix(".npy"))
    shape, fortran, dtype = _description(name, file)
    if dtype.hasobject:
        raise WeightsError(f"{name} holds Python objects, not numbers: reading it could run code")
    shape = checked_shape(name, shape)
    if entry.file_size < prod(shape) * dtype.itemsize:
        raise WeightsError(f"{name} is shorter than its shape needs: the file is damaged")

    def values() -> np.ndarray:
        with zipfile.ZipFile(path) as archive, archive.open(entry.filename) as file:
            _description(name, file)
            data = file.read(prod(shape) * dtype.itemsize)
        return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")

    return Raw(name, shape, dtype.name, values)


def _description(name: str, file: IO[bytes]) -> tuple[Shape, bool, np.dtype]:
    try:
        version = npy.read_magic(file)
        if version == (1, 0):
            return npy.read_array_header_1_0(file, MAX_HEADER)
        if version == (2, 0):
            return npy.read_array_header_2_0(file, MAX_HEADER)
    except (ValueError, EOFError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    raise WeightsError(f"{name} is no numpy array that can be read")
