"""Writes safetensors: the same weights give the same bytes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

import numpy as np

NAMES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
ALIGNED = 8  # bytes; the header is filled up with blanks


def write(
    path: str | os.PathLike[str], tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]
) -> None:
    """Writes a file in one step: who reads it meanwhile sees the old one or the new one.

    Raises:
      OSError: if it cannot be written.
    """
    header: dict[str, object] = {"__metadata__": dict(metadata)}
    end = 0
    for name, array in tensors.items():
        start, end = end, end + array.nbytes
        described = {"dtype": NAMES[array.dtype.name], "shape": list(array.shape)}
        header[name] = described | {"data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % ALIGNED)
    partial = f"{os.fspath(path)}.part"
    with open(partial, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())
    os.replace(partial, path)
