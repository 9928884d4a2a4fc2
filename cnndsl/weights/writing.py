"""Writes safetensors: the same weights give the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import numpy as np

from cnndsl.writing import write_beside

NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}
ALIGNED = 8  # bytes; the header is filled up with blanks


def write(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes a file in one step: who reads it meanwhile sees the old one or the new one.

    Raises:
      OSError: if it cannot be written; what was there is there still, and nothing beside it.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in tensors.items():
        start, end = end, end + array.nbytes
        described = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape)}
        header[name] = described | {"data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)
    text = len(text).to_bytes(8, "little") + text
    target = Path(os.path.realpath(path))
    partial = write_beside(target, chain([text], map(_bytes, tensors.values())))
    try:
        os.replace(partial, target)
    except OSError:
        partial.unlink(missing_ok=True)
        raise


def _bytes(array: np.ndarray) -> memoryview:
    """The bytes of an array row by row, not copied where they lie so."""
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
