"""Zip archives from strangers: all that is listed is checked before anything is unpacked.

`zipfile` reads the directory of an archive. The bytes of its files are read here, in pieces:
exactly as many as are listed, with the checksum that is listed, or none.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import IO

from cnndsl.weights.archive import check_unpacked
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.readers.pieces import PIECE, exactly, inflated, size_of

MAX_DIRECTORY = 6 * 2**20  # bytes; names and places of 50,000 files
MAX_ENTRIES = 50_000
MAX_RATIO = 1_100  # deflate cannot pack tighter: a higher claim is a lie
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
UTF8 = 0x800  # the flag of names that are not in code page 437
UNREADABLE = 1 | 0x20 | 0x40 | 0x2000  # the flags of encryption and of patches
LOCAL = struct.Struct("<4s4xH16x2H")  # before a file: signature, method, lengths of name and more


@dataclass(frozen=True)
class Entry:
    """A file of an archive: `packed` bytes from `start` on, which unpack to `size` bytes.

    Attributes:
      intact: the files of the archive whose checksums were found right.
    """

    path: str
    name: str
    start: int
    packed: int
    size: int
    checksum: int
    deflated: bool
    intact: set[str] = field(compare=False, repr=False)

    def read(self, limit: int) -> bytes:
        """All of it.

        Raises:
          WeightsError: if it is damaged, or larger than `limit` bytes.
        """
        if self.size > limit:
            raise WeightsError(f"{self.name} has {self.size:,} bytes: far too many")
        return bytes(self.part(0, self.size))

    def part(self, first: int, last: int) -> bytes | bytearray:
        """The bytes from `first` to `last`, and no more than these in memory.

        Raises:
          WeightsError: if the entry is damaged or does not reach so far.
        """
        if not 0 <= first <= last <= self.size:
            raise WeightsError(f"{self.name} is shorter than what should be in it")
        if self.name in self.intact and not self.deflated:
            with open(self.path, "rb") as file:
                return exactly(file, self.start + first, last - first)
        found = bytearray(last - first)
        place = 0
        for piece in self.pieces():
            start, stop = max(first - place, 0), min(last - place, len(piece))
            if start < stop:
                found[place + start - first : place + stop - first] = piece[start:stop]
            place += len(piece)
        return found

    def beginning(self, count: int) -> bytes:
        """The first bytes, at most `count`; nothing vouches for them yet."""
        found = b""
        for piece in self._unpacked(count):
            found += piece[: count - len(found)]
            if len(found) == count:
                break
        return found

    def pieces(self) -> Iterator[bytes]:
        """All bytes in order; that they are right is known after the last one.

        Raises:
          WeightsError: if they are not as many as listed, or do not have the checksum listed.
        """
        checksum = size = 0
        for piece in self._unpacked(PIECE):
            checksum = zlib.crc32(piece, checksum)
            size += len(piece)
            if size > self.size:
                break
            yield piece
        if size != self.size or checksum != self.checksum:
            raise WeightsError(f"{self.name} is damaged: it is not what the archive lists")
        self.intact.add(self.name)

    def _unpacked(self, most: int) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            file.seek(self.start)
            if self.deflated:
                yield from inflated(file, self.packed, most, -zlib.MAX_WBITS)
                return
            left = self.packed
            while left:
                piece = file.read(min(left, most))
                if not piece:
                    raise WeightsError("the file became shorter while it was read")
                left -= len(piece)
                yield piece


def entries(path: str) -> dict[str, Entry]:
    """The files of an archive by name, in its order. Nothing is unpacked.

    Raises:
      WeightsError: if two have one name or lie in one another, if one is encrypted or packed as
        no weights are, or if they are too many or too large to be weights.
    """
    size = size_of(path)
    with open(path, "rb") as file:
        try:
            directory = zipfile.ZipFile(_Bounded(file))
        except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
            raise WeightsError(f"it is no zip archive, or a damaged one: {error}") from None
        listed = [info for info in directory.infolist() if not info.is_dir()]
        if len(listed) > MAX_ENTRIES:
            raise WeightsError(f"the archive has {len(listed):,} files: weights have fewer")
        intact: set[str] = set()
        found = [_entry(path, file, info, intact) for info in listed]
    check_unpacked(sum(entry.size for entry in found), size)
    spans = [
        (info.header_offset, e.start + e.packed) for info, e in zip(listed, found, strict=True)
    ]
    _check_apart([*spans, (directory.start_dir, size)])
    named = {entry.name: entry for entry in found}
    if len(named) < len(found):
        raise WeightsError("the archive has two files of one name: which is meant?")
    return named


def _entry(path: str, file: IO[bytes], info: zipfile.ZipInfo, intact: set[str]) -> Entry:
    """A file that the directory lists, if what precedes its bytes says the same."""
    name = info.orig_filename
    if info.flag_bits & UNREADABLE:
        raise WeightsError("the archive is encrypted")
    if info.compress_type not in METHODS:
        raise WeightsError(f"{name} is packed in a way that no weights are")
    deflated = info.compress_type == zipfile.ZIP_DEFLATED
    if deflated:
        possible = info.file_size <= MAX_RATIO * info.compress_size
    else:
        possible = info.file_size == info.compress_size
    if not possible or info.header_offset < 0:
        raise WeightsError(f"the archive lies about the size of {name}")
    header = exactly(file, info.header_offset, LOCAL.size)
    signature, method, letters, more = LOCAL.unpack(header)
    listed = name.encode("utf-8" if info.flag_bits & UTF8 else "cp437")
    if (signature, method, file.read(letters)) != (b"PK\3\4", info.compress_type, listed):
        raise WeightsError(f"the archive says two things of {name}: it is damaged")
    start = info.header_offset + LOCAL.size + letters + more
    sizes = info.compress_size, info.file_size
    return Entry(path, name, start, *sizes, info.CRC, deflated, intact)


def _check_apart(spans: Sequence[tuple[int, int]]) -> None:
    """Raises: WeightsError: if one begins before another one ends."""
    if any(one[1] > other[0] for one, other in pairwise(sorted(spans))):
        raise WeightsError("the files of the archive lie in one another: it is damaged or a bomb")


class _Bounded:
    """A file of which no more than a directory is read at once."""

    def __init__(self, file: IO[bytes]):
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self._read = file.read

    def read(self, count: int = -1, /) -> bytes:
        most = MAX_DIRECTORY + 1
        data = self._read(most if count < 0 else min(count, most))
        if len(data) == most:
            raise WeightsError("the archive's directory is larger than that of any weights")
        return data
