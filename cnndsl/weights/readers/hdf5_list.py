"""Lists what an HDF5 file holds, as JSON on standard output; run as a process of its own.

The library that reads HDF5 is written in C and trusts its files: a damaged one may take all
memory, never end, or end the process. So this process is a small one that has little memory and
time, and it reads no array: it says where the bytes of each lie. It imports nothing of cnndsl,
whose import would take longer than all the rest.

Called with where the HDF5 file begins in standard input, and its size.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterator
from math import ceil, prod

import h5py
import numpy as np
from h5py import h5o  # pyright: ignore[reportAttributeAccessIssue]

MEMORY = 160 * 2**20  # bytes beyond those of the libraries
SECONDS = 8
MAX_DEPTH = 32
MAX_OBJECTS = 60_000  # three for each tensor that a file may have
MAX_CHUNKS = 100_000
MAX_TEXTS = 20_000  # in one attribute
MAX_TEXT = 6 * 2**20  # characters of one attribute
ATTRIBUTES = ("name", "layer_names", "weight_names", "model_config")


class Refused(Exception):
    """What is wrong with the file."""


class Region(io.RawIOBase):
    """A part of a file, as a file."""

    def __init__(self, start: int, size: int):
        self.start, self.size, self.place = start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.place, os.SEEK_END: self.size}[whence]
        self.place = base + offset
        return self.place

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        count = len(buffer)
        if not 0 <= self.place <= self.size - count:
            raise OSError("it is cut off")
        os.lseek(0, self.start + self.place, os.SEEK_SET)
        self.place += count
        done = 0
        while done < count:
            data = os.read(0, count - done)
            if not data:
                raise OSError("it is cut off")
            buffer[done : done + len(data)] = data
            done += len(data)
        return count


def listing(file: h5py.File) -> dict[str, object]:
    """Groups with their texts, and arrays with their places, by path."""
    groups: dict[str, object] = {}
    arrays: dict[str, object] = {}
    chunks = 0
    for path, item in _objects(file):
        if isinstance(item, h5py.Group):
            groups[path] = {key: _texts(item, key) for key in _attributes(item)}
        elif isinstance(item, h5py.Dataset):
            arrays[path], more = _array(item, MAX_CHUNKS - chunks)
            chunks += more
        else:
            raise Refused(f"{path} is neither a group nor an array")
    return {"groups": groups, "arrays": arrays}


def _objects(file: h5py.File) -> Iterator[tuple[str, object]]:
    """Every object by its path, a group before what is in it; each is met once."""
    known = {h5o.get_info(file.id).addr}
    waiting: list[tuple[str, h5py.Group, int]] = [("", file, 0)]
    yield "", file
    while waiting:
        above, group, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise Refused("its groups lie in one another deeper than those of any network")
        if len(known) + len(group) > MAX_OBJECTS:
            raise Refused("it has more groups and arrays than any network needs")
        for key in group:
            path = f"{above}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise Refused(f"{path} is a link: it may lead out of the file")
            item = group[key]
            address = h5o.get_info(item.id).addr
            if address in known:
                raise Refused(f"{path} is a second link to something: it may lead in a circle")
            known.add(address)
            yield path, item
            if isinstance(item, h5py.Group):
                waiting.append((path, item, depth + 1))


def _attributes(group: h5py.Group) -> list[str]:
    """Those of the attributes wanted that a group has, with the parts of divided ones.

    Keras divides a list that is too long for one attribute: `weight_names0`, `weight_names1`.
    """
    found = []
    for name in ATTRIBUTES:
        if name in group.attrs:
            found.append(name)
        elif name.endswith("s"):
            count = 0
            while f"{name}{count}" in group.attrs:
                found.append(f"{name}{count}")
                count += 1
    return found


def _texts(group: h5py.Group, key: str) -> list[str]:
    """The texts of an attribute, which is one or a list of them."""
    attribute = h5py.h5a.open(group.id, key.encode())
    if attribute.shape is not None and not prod(attribute.shape):
        return []  # an empty list has numpy's type of an empty list, which is no text
    if h5py.check_string_dtype(attribute.dtype) is None or attribute.shape is None:
        raise Refused(f"{key} holds something else where a text belongs")
    if prod(attribute.shape) > MAX_TEXTS or attribute.get_storage_size() > MAX_TEXT:
        raise Refused(f"{key} holds more than any network needs")
    found = list(np.asarray(group.attrs[key], object).ravel())
    if sum(map(len, found)) > MAX_TEXT:
        raise Refused(f"{key} holds more than any network needs")
    return [x.decode("utf-8", "replace") if isinstance(x, bytes) else str(x) for x in found]


def _array(item: h5py.Dataset, chunks: int) -> tuple[dict[str, object], int]:
    """The type, shape and place of an array, and how many chunks it has, which `chunks` limits."""
    kind = item.id.get_type()
    if kind.get_class() not in (h5py.h5t.FLOAT, h5py.h5t.INTEGER, h5py.h5t.ENUM):
        return {"problem": "does not hold numbers"}, 0
    dtype = item.dtype
    if dtype.kind not in "fiub" or not kind.equal(h5py.h5t.py_create(dtype, logical=True)):
        return {"problem": "does not hold numbers as networks have them"}, 0
    layout = item.id.get_create_plist()
    if layout.get_layout() == h5py.h5d.VIRTUAL or layout.get_external_count():
        return {"problem": "has its data in another file"}, 0
    if layout.get_layout() not in (h5py.h5d.CONTIGUOUS, h5py.h5d.CHUNKED):
        return {"problem": "is laid out as no array of Keras's is"}, 0
    shape, steps = item.shape, item.chunks
    if shape is None:
        return {"problem": "does not hold numbers"}, 0
    found: dict[str, object] = {"dtype": dtype.str, "shape": list(shape)}
    if steps is None:
        return found | {"offset": item.id.get_offset(), "size": item.id.get_storage_size()}, 0
    wanted = prod(ceil(size / step) for size, step in zip(shape, steps, strict=True))
    if wanted > chunks:
        return {"problem": "is cut into more pieces than any network needs"}, 0
    filters = [layout.get_filter(index)[0] for index in range(layout.get_nfilters())]
    places: list[int] = []

    def place(chunk: h5py.h5d.StoreInfo) -> None:
        places.extend((*chunk.chunk_offset, chunk.filter_mask, chunk.byte_offset, chunk.size))
        if len(places) > wanted * (len(steps) + 3):
            raise Refused("an array has more pieces than it needs")

    item.id.chunk_iter(place)
    more = {"chunk": list(steps), "filters": filters, "places": places}
    return found | more, wanted


def limit() -> None:
    """Takes from this process what no honest file makes it need."""
    try:
        import resource
    except ImportError:  # another system than Unix
        return

    def lower(kind: int, most: int) -> None:
        _, hard = resource.getrlimit(kind)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (most, most))

    lower(resource.RLIMIT_CORE, 0)
    lower(resource.RLIMIT_CPU, SECONDS)
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            used = int(file.read().split()[0]) * resource.getpagesize()
    except OSError:  # another system than Linux
        return
    lower(resource.RLIMIT_AS, used + MEMORY)


def main() -> None:
    limit()
    start, size = map(int, sys.argv[1:])
    try:
        with h5py.File(Region(start, size), "r") as file:
            if file.userblock_size:
                raise Refused("something lies before its beginning")
            found = listing(file)
    except Refused as error:
        found = {"refused": str(error)}
    except MemoryError:
        found = {"refused": "it needs more memory than any network's description does"}
    except Exception:  # whatever its library says of a damaged file
        found = {"refused": "it is no HDF5 file, or damaged"}
    sys.stdout.write(json.dumps(found))
    sys.stdout.flush()
    os._exit(0)  # the library has nothing to tidy up, and may fail at it


if __name__ == "__main__":
    main()
