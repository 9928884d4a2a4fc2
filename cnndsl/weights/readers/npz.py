"""Reads `.npz`: a zip archive of numpy arrays. Arrays of Python objects are refused.

Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html. What describes an
array there is text in Python's notation; here it is taken apart as text and never evaluated.
"""

from __future__ import annotations

import re
from math import prod

import numpy as np

from cnndsl.weights.archive import Archive, Raw, check_count, checked_name, checked_shape
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.archives import Entry, entries

MAX_HEADER = 2_000  # bytes of a description; numpy writes 118
VERSIONS = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}  # how long the header's length is
MAGIC = 8  # bytes
DTYPE = re.compile(r"[<>|=]?(?:f[248]|[iu][1248]|b1)")
_SHAPE = r"\((?:\s*\d+L?\s*,)*(?:\s*\d+L?)?\s*\)"
_ITEM = rf"""\s*['"](\w+)['"]\s*:\s*('[^']*'|"[^"]*"|True|False|{_SHAPE})\s*"""
DESCRIPTION = re.compile(rf"\s*{{{_ITEM},{_ITEM},{_ITEM},?\s*}}\s*")


def read(path: str) -> Archive:
    """Raises: WeightsError: if the file is no archive of numbers that can be trusted."""
    found = entries(path)
    check_count(len(found))
    return Archive(path, "numpy archive", tuple(map(_tensor, found.values())))


def _tensor(entry: Entry) -> Raw:
    name = checked_name(entry.name.removesuffix(".npy"))
    start, items = _described(name, entry)
    dtype = _dtype(name, items["descr"])
    shape = checked_shape(name, tuple(map(int, re.findall(r"\d+", items["shape"]))))
    end = start + prod(shape) * dtype.itemsize
    if entry.size != end:
        longer = "longer" if entry.size > end else "shorter"
        raise WeightsError(f"{name} is {longer} than its shape needs: the file is damaged")

    def values() -> np.ndarray:
        numbers = np.frombuffer(entry.part(0, end), dtype, offset=start)
        return numbers.reshape(shape, order="F" if items["fortran_order"] == "True" else "C")

    return Raw(name, shape, dtype.name, values)


def _described(name: str, entry: Entry) -> tuple[int, dict[str, str]]:
    """Where the numbers of an array begin, and what is said before them."""
    data = entry.beginning(MAGIC + 4 + MAX_HEADER)
    digits = VERSIONS.get(data[:MAGIC], 0)
    length = int.from_bytes(data[MAGIC : MAGIC + digits], "little")
    start = MAGIC + digits + length
    text = data[MAGIC + digits : start].decode("latin-1")
    if digits and length == len(text) <= MAX_HEADER and (found := DESCRIPTION.fullmatch(text)):
        parts = found.groups()
        items = dict(zip(parts[::2], parts[1::2], strict=True))
        if items.keys() == {"descr", "fortran_order", "shape"}:
            return start, items
    raise WeightsError(f"{name} is no numpy array that can be read")


def _dtype(name: str, text: str) -> np.dtype:
    text = text[1:-1]
    if text.endswith("O"):
        raise WeightsError(f"{name} holds Python objects, not numbers: reading it could run code")
    if not DTYPE.fullmatch(text):
        raise WeightsError(f"{name} is of an unknown type, {text[:20]}")
    return np.dtype(text)
