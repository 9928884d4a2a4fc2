"""Reads `.safetensors`: a header of JSON and the bytes of the tensors.

Format: https://huggingface.co/docs/safetensors. The header is checked here, its length first: the
tensors fill the rest of the file, without holes, and no two share a byte.
"""

from __future__ import annotations

from functools import partial
from math import prod

import ml_dtypes
import numpy as np

from cnndsl.weights.archive import (
    MAX_TENSORS,
    Archive,
    Raw,
    check_count,
    checked_name,
    checked_shape,
)
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape
from cnndsl.weights.readers.notation import table_of
from cnndsl.weights.readers.pieces import exactly, size_of

MAX_HEADER = 8 * 2**20  # bytes; four hundred for each of the tensors that a file may have
MAX_TABLES = 3 * MAX_TENSORS + 2  # a table and two lists per tensor
DTYPES = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "BF16": np.dtype(ml_dtypes.bfloat16),
    "I64": np.dtype("<i8"),
    "I32": np.dtype("<i4"),
    "I16": np.dtype("<i2"),
    "I8": np.dtype("i1"),
    "U64": np.dtype("<u8"),
    "U32": np.dtype("<u4"),
    "U16": np.dtype("<u2"),
    "U8": np.dtype("u1"),
    "BOOL": np.dtype("?"),
}
Span = tuple[int, int]  # where a tensor begins and ends behind the header, in bytes


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is no safetensors file that can be trusted."""
    size = size_of(path)
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or length > size - 8:
            raise WeightsError(
                f"its header claims {length:,} bytes, the file has {size:,}: it is damaged"
            )
        if length > MAX_HEADER:
            raise WeightsError(f"its header claims {length:,} bytes: no network needs so many")
        header = table_of(exactly(file, 8, length), MAX_TABLES, "its header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise WeightsError("its metadata is no table of texts")
    check_count(len(header))
    start = 8 + length
    found = [_tensor(path, start, size, name, entry) for name, entry in header.items()]
    _check_filled([span for span, _ in found], size - start)
    return Archive(path, "safetensors", tuple(raw for _, raw in found), metadata)


def _tensor(path: str, start: int, size: int, name: str, entry: object) -> tuple[Span, Raw]:
    name = checked_name(name)
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise WeightsError(f"{name} is not described as a tensor")
    kind = entry["dtype"]
    dtype = DTYPES.get(kind) if isinstance(kind, str) else None
    if dtype is None:
        shown = kind[:20] if isinstance(kind, str) else "which is no text"
        raise WeightsError(f"{name} is of an unknown type, {shown}")
    shape = checked_shape(name, entry["shape"])
    match entry["data_offsets"]:
        case [int(first), int(last)] if 0 <= first <= last <= size - start:
            pass
        case _:
            raise WeightsError(f"{name} lies outside the file: it is damaged or cut off")
    if last - first != prod(shape) * dtype.itemsize:
        raise WeightsError(f"{name} has {last - first:,} bytes, which is not what its shape needs")
    values = partial(_values, path, start + first, dtype, shape)
    return (first, last), Raw(name, shape, dtype.name, values)


def _check_filled(spans: list[Span], size: int) -> None:
    """Raises: WeightsError: if the tensors overlap, or leave bytes that belong to none."""
    end = 0
    for first, last in sorted(spans):
        if first != end:
            what = "share bytes" if first < end else "leave bytes between them"
            raise WeightsError(f"its tensors {what}: it is damaged")
        end = last
    if end != size:
        raise WeightsError(f"{size - end:,} bytes at its end belong to no tensor: it is damaged")


def _values(path: str, offset: int, dtype: np.dtype, shape: Shape) -> np.ndarray:
    values = np.fromfile(path, dtype, prod(shape), offset=offset)
    if values.size != prod(shape):
        raise WeightsError("the file became shorter while it was read")
    return values.reshape(shape)
