"""Reads `.safetensors`: a header of JSON and the bytes of the tensors.

Format: https://huggingface.co/docs/safetensors. The header is checked here, its length first, so
that no more is read than a header can be and no tensor lies outside the file.
"""

from __future__ import annotations

import json
import os
from math import prod

import ml_dtypes
import numpy as np

from cnndsl.weights.archive import Archive, Raw, check_count, checked_name, checked_shape
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape

MAX_HEADER = 16 * 2**20  # bytes; a network of 100,000 tensors has less
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is no safetensors file that can be trusted."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise WeightsError(
                f"its header claims {length:,} bytes, the file has {size:,}: it is damaged"
            )
        if length > MAX_HEADER:
            raise WeightsError(f"its header claims {length:,} bytes: no network needs so many")
        header = _header(file.read(length))
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise WeightsError("its metadata is no table of texts")
    check_count(len(header))
    start = 8 + length
    tensors = [_tensor(path, start, size, name, entry) for name, entry in header.items()]
    return Archive(path, "safetensors", tuple(tensors), metadata)


def _header(data: bytes) -> dict[str, object]:
    try:
        header = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise WeightsError("its header is no JSON: it is damaged") from None
    if not isinstance(header, dict):
        raise WeightsError("its header is no table of tensors")
    return header


def _tensor(path: str, start: int, size: int, name: str, entry: object) -> Raw:
    name = checked_name(name)
    if not isinstance(entry, dict):
        raise WeightsError(f"{name} is not described as a tensor")
    dtype = DTYPES.get(str(entry.get("dtype")))
    if dtype is None:
        raise WeightsError(f"{name} is of an unknown type, {str(entry.get('dtype'))[:20]}")
    shape = checked_shape(name, entry.get("shape"))
    match entry.get("data_offsets"):
        case [int(first), int(last)] if 0 <= first <= last <= size - start:
            pass
        case _:
            raise WeightsError(f"{name} lies outside the file: it is damaged or cut off")
    if last - first != prod(shape) * dtype.itemsize:
        raise WeightsError(f"{name} has {last - first:,} bytes, which is not what its shape needs")
    return Raw(name, shape, dtype.name, lambda: _values(path, start + first, dtype, shape))


def _values(path: str, offset: int, dtype: np.dtype, shape: Shape) -> np.ndarray:
    values = np.fromfile(path, dtype, prod(shape), offset=offset)
    if values.size != prod(shape):
        raise WeightsError("the file became shorter while it was read")
    return values.reshape(shape)
