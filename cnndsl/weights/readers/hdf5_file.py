"""HDF5 from strangers: what a file lists is asked of another process, its bytes are read here.

Format: https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html. The library that knows
it must not take this process with it where a file is damaged: see `hdf5_list`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from math import ceil, prod
from pathlib import Path
from threading import Timer
from typing import IO

import numpy as np

from cnndsl.weights.archive import checked_shape
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Shape
from cnndsl.weights.readers.notation import table_of
from cnndsl.weights.readers.pieces import exactly, inflated

PROGRAM = Path(__file__).with_name("hdf5_list.py")
PATIENCE = 60  # seconds; the process itself takes no more than 8 of a processor
MAX_LISTING = 24 * 2**20  # bytes
MAX_TABLES = 400_000
MAX_OVERHANG = 8  # of the numbers in all pieces of an array to its own, unless they are few
FEW = 1_000
DEFLATE, SHUFFLE = 1, 2
PACKINGS: tuple[list[int], ...] = ([], [DEFLATE], [SHUFFLE], [SHUFFLE, DEFLATE])


@dataclass(frozen=True)
class Region:
    """The part of a file that is an HDF5 file: `size` bytes from `start` on."""

    opened: Callable[[], IO[bytes]]
    start: int
    size: int


@dataclass(frozen=True)
class Listing:
    """What an HDF5 file says that it holds; nothing of it is checked.

    Attributes:
      groups: their texts, by path and attribute; the path of the root is empty.
      arrays: type, shape and place, by path.
    """

    groups: Mapping[str, Mapping[str, Sequence[str]]]
    arrays: Mapping[str, Mapping[str, object]]

    def members(self) -> dict[str, list[str]]:
        """The paths of what lies directly in each group."""
        found: dict[str, list[str]] = {path: [] for path in self.groups}
        for path in [*self.groups, *self.arrays]:
            if path:
                found[path.rpartition("/")[0]].append(path)
        return found


@dataclass(frozen=True)
class Piece:
    """`size` bytes of the HDF5 file from `offset` on, and what was done to them, in this order."""

    offset: int
    size: int
    packing: Sequence[int] = ()


@dataclass(frozen=True)
class Array:
    """An array whose bytes are known to lie in the file.

    Attributes:
      chunk: the shape of its pieces; its own where it is in one.
      pieces: by the index at which each begins.
    """

    dtype: np.dtype
    shape: Shape
    chunk: Shape
    pieces: Mapping[Shape, Piece]

    def read(self, region: Region) -> np.ndarray:
        values = np.empty(self.shape, self.dtype)
        with region.opened() as file:
            for index, piece in self.pieces.items():
                numbers = np.frombuffer(self._unpacked(file, region, piece), self.dtype)
                place = tuple(slice(i, i + n) for i, n in zip(index, self.chunk, strict=True))
                inside = tuple(map(slice, values[place].shape))
                values[place] = numbers.reshape(self.chunk)[inside]
        return values

    def _unpacked(self, file: IO[bytes], region: Region, piece: Piece) -> bytes:
        size = prod(self.chunk) * self.dtype.itemsize
        start = region.start + piece.offset
        if DEFLATE in piece.packing:
            file.seek(start)
            data = b"".join(_at_most(size, inflated(file, piece.size, size + 1, zlib.MAX_WBITS)))
        else:
            data = exactly(file, start, piece.size)
        if len(data) != size:
            raise WeightsError("a piece of an array is not as large as it should be: it is damaged")
        if SHUFFLE in piece.packing:
            return np.frombuffer(data, np.uint8).reshape(self.dtype.itemsize, -1).T.tobytes()
        return data


def _at_most(size: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        size -= len(piece)
        if size < 0:
            raise WeightsError("a piece of an array unpacks to more than it should: it is a bomb")
        yield piece


def listed(region: Region) -> Listing:
    """Asks a process of its own what the file holds.

    Raises:
      WeightsError: if it is no HDF5 file, is damaged, or holds what no file of Keras's does.
    """
    if find_spec("h5py") is None:
        raise ModuleNotFoundError("No module named 'h5py'", name="h5py")
    command = [sys.executable, "-P", str(PROGRAM), str(region.start), str(region.size)]
    paths = os.pathsep.join(path for path in sys.path if path)
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each takes memory
    environment = os.environ | threads | {"PYTHONPATH": paths, "HDF5_PLUGIN_PRELOAD": "::"}
    with (
        region.opened() as file,
        subprocess.Popen(
            command,
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as process,
    ):
        timer = Timer(PATIENCE, process.kill)
        try:
            timer.start()
            output = process.stdout.read(MAX_LISTING + 1) if process.stdout else b""
        finally:
            timer.cancel()
            process.kill()
    if not output or len(output) > MAX_LISTING:
        raise WeightsError("it is no HDF5 file, or so damaged that it cannot be read")
    found = table_of(output, MAX_TABLES, "what it lists")
    if "refused" in found:
        raise WeightsError(str(found["refused"]))
    match found:
        case {"groups": dict(groups), "arrays": dict(arrays)}:
            return Listing(groups, arrays)
    raise WeightsError("it is no HDF5 file")


def array(listing: Listing, path: str, name: str, region: Region) -> Array:
    """The array at a path.

    Raises:
      WeightsError: if there is none, or it is not what Keras writes; the message calls it `name`.
    """
    match listing.arrays.get(path):
        case {"problem": str(problem)}:
            raise WeightsError(f"{name} {problem}")
        case {"dtype": str(kind), "shape": list(sizes), "offset": None}:
            found = Array(np.dtype(kind), checked_shape(name, sizes), (), {})
            if prod(found.shape):
                raise WeightsError(f"{name} has holes: it claims a shape and holds nothing")
        case {"dtype": str(kind), "shape": list(sizes), "offset": int(offset), "size": int(size)}:
            shape = checked_shape(name, sizes)
            whole = {(0,) * len(shape): Piece(offset, size)}
            found = Array(np.dtype(kind), shape, shape, whole)
        case {
            "dtype": str(kind),
            "shape": list(sizes),
            "chunk": list(steps),
            "filters": list(packing),
            "places": list(places),
        }:
            if packing not in PACKINGS:
                raise WeightsError(f"{name} is packed as Keras packs nothing: it needs a plugin")
            shape, chunk = checked_shape(name, sizes), checked_shape(name, steps)
            found = Array(
                np.dtype(kind), shape, chunk, _pieces(name, shape, chunk, packing, places)
            )
        case _:
            raise WeightsError(f"{name} is missing, or no array")
    _check(name, found, region)
    return found


def _pieces(
    name: str, shape: Shape, chunk: Shape, packing: list[int], places: list[int]
) -> dict[Shape, Piece]:
    """The pieces of an array: all that cover it, each once, and no other ones."""
    rank = len(shape)
    smaller = len(chunk) == rank and all(
        0 < n <= max(s, 1) for n, s in zip(chunk, shape, strict=True)
    )
    counts = [ceil(s / n) for s, n in zip(shape, chunk, strict=True)] if smaller else []
    if not smaller or prod(counts) * prod(chunk) > MAX_OVERHANG * prod(shape) + FEW:
        raise WeightsError(f"{name} is cut into pieces that are none of it")
    found: dict[Shape, Piece] = {}
    for start in range(0, len(places), rank + 3):
        *index, mask, offset, size = places[start : start + rank + 3]
        if not all(i % n == 0 and 0 <= i < s for i, n, s in zip(index, chunk, shape, strict=True)):
            raise WeightsError(f"{name} is cut into pieces that are none of it")
        used = [number for bit, number in enumerate(packing) if not mask >> bit & 1]
        found[tuple(index)] = Piece(offset, size, used)  # a filter that gains nothing is left out
    if not len(found) == prod(counts) == len(places) // (rank + 3):
        raise WeightsError(f"{name} has holes: pieces of it are missing")
    return found


def _check(name: str, found: Array, region: Region) -> None:
    """The pieces must lie in the file, and be as long as what they unpack to allows."""
    size = prod(found.chunk) * found.dtype.itemsize
    most = size + size // 100 + 100  # deflate makes what it cannot pack a little longer
    for piece in found.pieces.values():
        if not 0 <= piece.offset <= piece.offset + piece.size <= region.size:
            raise WeightsError(f"{name} reaches beyond the file: it is damaged or cut off")
        possible = 0 < piece.size <= most if DEFLATE in piece.packing else piece.size == size
        if not possible:
            raise WeightsError(f"{name} has {piece.size:,} bytes, not what its shape needs")


def check_apart(arrays: Sequence[Array]) -> None:
    """Raises: WeightsError: if two pieces of arrays share bytes."""
    pieces = (piece for found in arrays for piece in found.pieces.values() if piece.size)
    spans = sorted((piece.offset, piece.offset + piece.size) for piece in pieces)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise WeightsError("its arrays lie in one another: it is damaged or hostile")
