"""Zip archives that lie: about sizes, places, names and how they are packed."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

import numpy as np

from tests.weights import torch_files
from tests.weights.honest_files import honest, npy, zipped
from tests.weights.torch_files import Storage, Tensor

BASES = ("torch", "torch, packed", "numpy", "numpy, packed", "keras", "keras, packed")
Make = Callable[[Random], tuple[str, bytes]]  # how the file's name ends, and its bytes

# Where a field lies in what the directory says of a file, in what precedes it, and its form.
FLAGS = (8, 6, "<H")
METHOD = (10, 8, "<H")
CHECKSUM = (16, 14, "<I")
PACKED = (20, 18, "<I")
SIZE = (24, 22, "<I")
OFFSET = (42, None, "<I")


def directory(data: bytes) -> Iterator[tuple[int, int]]:
    """Where the directory and the archive describe each file."""
    count, place = struct.unpack("<H4xI", data[-12:-2])
    for _ in range(count):
        yield place, *struct.unpack_from("<I", data, place + 42)
        place += 46 + sum(struct.unpack_from("<3H", data, place + 28))


def changed(data: bytes, index: int, field: tuple, value: int, local: bool = True) -> bytes:
    out = bytearray(data)
    listed, own = list(directory(data))[index]
    there, here, form = field
    struct.pack_into(form, out, listed + there, value)
    if local and here is not None:
        struct.pack_into(form, out, own + here, value)
    return bytes(out)


def picked(rng: Random, names: tuple[str, ...] = BASES) -> tuple[str, bytes, int]:
    suffix, data = honest()[rng.choice(names)]
    return suffix, data, rng.randrange(len(list(directory(data))))


def field(data: bytes, index: int, which: tuple) -> int:
    return struct.unpack_from(which[2], data, list(directory(data))[index][0] + which[0])[0]


def claims_more(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    more = rng.choice([1, 4, 1000, 2**20, 2**30, 2**31])
    local = rng.random() < 0.5
    for which in rng.choice([(SIZE,), (PACKED,), (SIZE, PACKED)]):
        data = changed(data, index, which, field(data, index, which) + more, local)
    return suffix, data


def claims_less(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    for which in rng.choice([(SIZE,), (PACKED,), (SIZE, PACKED)]):
        data = changed(data, index, which, rng.randrange(field(data, index, which) + 1))
    return suffix, data


def short_behind_a_large_view(rng: Random) -> tuple[str, bytes]:
    """The directory grants the view more bytes than the archive has of the entry."""
    numbers = rng.choice([1_000, 10**6, 2**27])
    program = torch_files.dumped({"a": Tensor(Storage("0", numbers), 0, (numbers,), (1,))})
    data = bytes(rng.choice([0, 4, 400]))
    packed = rng.random() < 0.5
    made = zipped({"net/data.pkl": program, "net/data/0": data}, packed)
    made = changed(made, 1, SIZE, 4 * numbers, rng.random() < 0.5)
    if not packed and rng.random() < 0.5:
        made = changed(made, 1, PACKED, 4 * numbers)
    return ".pth", made


def unknown_method(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    return suffix, changed(data, index, METHOD, rng.choice([1, 6, 9, 12, 14, 93, 95, 98, 99]))


def really_packed_otherwise(rng: Random) -> tuple[str, bytes]:
    suffix, data, _ = picked(rng, ("torch", "numpy", "keras"))
    method = rng.choice([zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", method) as new:
        for info in old.infolist():
            new.writestr(zipfile.ZipInfo(info.filename), old.read(info), method)
    made = bytearray(buffer.getvalue())
    if rng.random() < 0.7:
        made[rng.randrange(60, len(made) // 2)] ^= 255
    return suffix, bytes(made)


def encrypted(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    return suffix, changed(data, index, FLAGS, rng.choice([1, 9, 0x20, 0x40, 0x41, 0x2000]))


def overlapping(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    places = [own for _, own in directory(data)]
    other = rng.choice([*places, places[index] + 1, len(data) - 30, len(data) + 10, 2**32 - 2])
    return suffix, changed(data, index, OFFSET, other)


def duplicate(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    buffer = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        name = archive.namelist()[index]
        archive.writestr(zipfile.ZipInfo(name), rng.choice([archive.read(name), b"", b"x"]))
    return suffix, buffer.getvalue()


def damaged_stream(rng: Random) -> tuple[str, bytes]:
    """What is packed does not unpack, or not to what is listed."""
    suffix, data, index = picked(rng, ("torch, packed", "numpy, packed", "keras, packed"))
    out = bytearray(data)
    place = list(directory(data))[index][1] + 30
    for _ in range(rng.choice([1, 3, 40])):
        out[place + rng.randrange(field(data, index, PACKED) + 20)] = rng.randrange(256)
    return suffix, bytes(out)


def wrong_checksum(rng: Random) -> tuple[str, bytes]:
    suffix, data, index = picked(rng)
    return suffix, changed(data, index, CHECKSUM, rng.randrange(2**32), rng.random() < 0.5)


def wrong_end(rng: Random) -> tuple[str, bytes]:
    """The end of the archive says where its directory is and how large."""
    suffix, data, _ = picked(rng)
    out = bytearray(data)
    where, form = rng.choice([(-18, "<H"), (-14, "<H"), (-12, "<H"), (-10, "<I"), (-6, "<I")])
    struct.pack_into(form, out, len(out) + where, rng.choice([0, 1, 5, 0xFFFF]))
    if rng.random() < 0.3:
        struct.pack_into("<I", out, len(out) - 10, 0xFFFFFFFF)
    return suffix, bytes(out)


def large_numbers(rng: Random) -> tuple[str, bytes]:
    """Sizes of zip64: as large as can be written."""
    suffix, data, index = picked(rng)
    listed, _ = list(directory(data))[index]
    name, more = struct.unpack_from("<2H", data, listed + 28)
    sizes = [rng.choice([2**33, 2**40, 2**62, 2**63, 2**64 - 1]) for _ in range(3)]
    extra = struct.pack("<HH3Q", 1, 24, *sizes)[: rng.choice([28, 28, 20, 6])]
    out = bytearray(data)
    struct.pack_into("<II", out, listed + 20, 0xFFFFFFFF, 0xFFFFFFFF)
    struct.pack_into("<H", out, listed + 30, more + len(extra))
    out[listed + 46 + name : listed + 46 + name] = extra
    struct.pack_into("<I", out, len(out) - 10, field_of_end(data) + len(extra))
    return suffix, bytes(out)


def field_of_end(data: bytes) -> int:
    return struct.unpack_from("<I", data, len(data) - 10)[0]


@cache
def _zeros(size: int) -> bytes:
    """Zeros, packed a thousandfold."""
    machine = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = bytes(2**20)
    return b"".join([*(machine.compress(piece) for _ in range(size >> 20)), machine.flush()])


@cache
def _checksum(size: int) -> int:
    return zlib.crc32(bytes(size))


def bomb(rng: Random) -> tuple[str, bytes]:
    """An entry of zeros, up to four gigabytes of them."""
    size = rng.choice([2**25, 2**27, 2**28])
    suffix, name = rng.choice(
        [
            (".pth", "net/data.pkl"),
            (".pth", "net/data/0"),
            (".npz", "a.npy"),
            (".keras", "model.weights.h5"),
            (".keras", "config.json"),
        ]
    )
    members = {name: _zeros(size)}
    if name == "net/data/0":
        members["net/data.pkl"] = torch_files.dumped(
            {"a": Tensor(Storage("0", size // 4), rng.randrange(size // 4 - 2), (2,), (1,))}
        )
    made = zipped(members)
    made = changed(changed(made, 0, METHOD, 8), 0, SIZE, rng.choice([size, 2**32 - 2]))
    return suffix, changed(made, 0, CHECKSUM, _checksum(size))


def zeros_of_numpy(rng: Random) -> tuple[str, bytes]:
    """Honest but empty: numbers that are all zero, packed."""
    shape = rng.choice([(2**20,), (2**10, 2**12), (2**12, 2**12), (2**25,)])
    return ".npz", zipped({"a.npy": npy(np.zeros(shape, np.float32))}, packed=True)


def names(rng: Random) -> tuple[str, bytes]:
    suffix, data, _ = picked(rng)
    odd = ["a\x1b[2J", "\x00a", "../../a", "/etc/a", "a" * 60_000, "a\u202eb", "", "a\nb", "a/"]
    buffer = io.BytesIO(data)
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "a") as archive:
        warnings.simplefilter("ignore")
        for name in rng.sample(odd, 2):
            archive.writestr(zipfile.ZipInfo(name or "x"), npy(np.zeros(3, np.float32)))
    return suffix, buffer.getvalue()


def many(rng: Random) -> tuple[str, bytes]:
    """A directory of very many files."""
    count = rng.choice([20_001, 60_000, 150_000, 400_000])
    entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, *[0] * 11, 0, 0, 0)
    entry = entry[:28] + struct.pack("<H", 6) + entry[30:]
    listed = b"".join(entry + b"%06d" % number for number in range(count))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, *[min(count, 0xFFFF)] * 2, len(listed), 0, 0)
    return rng.choice([".pth", ".npz", ".keras"]), listed + end


KINDS: dict[str, tuple[Make, int]] = {
    "zip: an entry that claims more": (claims_more, 50),
    "zip: an entry that claims less": (claims_less, 40),
    "zip: a short entry behind a large view": (short_behind_a_large_view, 30),
    "zip: an unknown method": (unknown_method, 30),
    "zip: bzip2 and lzma": (really_packed_otherwise, 20),
    "zip: encrypted": (encrypted, 15),
    "zip: overlapping entries": (overlapping, 40),
    "zip: two entries of one name": (duplicate, 20),
    "zip: a damaged stream": (damaged_stream, 60),
    "zip: a wrong checksum": (wrong_checksum, 20),
    "zip: a wrong end": (wrong_end, 40),
    "zip: zip64 lies": (large_numbers, 30),
    "zip: a bomb": (bomb, 25),
    "zip: zeros, packed": (zeros_of_numpy, 8),
    "zip: odd names": (names, 25),
    "zip: too many files": (many, 6),
}
