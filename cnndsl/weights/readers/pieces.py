"""Bytes of files from strangers: exactly as many as were asked for, unpacked piece by piece."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import IO

from cnndsl.weights.errors import WeightsError

PIECE = 2**20  # bytes in memory at a time
PACKED = 2**16  # bytes; those that unpack to a thousand times as many are few at a time


def size_of(path: str) -> int:
    """The bytes of a file."""
    return os.path.getsize(path)


def opened(path: str) -> IO[bytes]:
    """A file, to be read."""
    return open(path, "rb")


def exactly(file: IO[bytes], offset: int, count: int) -> bytes:
    """`count` bytes from `offset` on.

    Raises:
      WeightsError: if the file has fewer.
    """
    file.seek(offset)
    data = file.read(count)
    if len(data) != count:
        raise WeightsError("the file is shorter than it should be: it is cut off")
    return data


def inflated(file: IO[bytes], packed: int, most: int, bits: int) -> Iterator[bytes]:
    """What the next `packed` bytes unpack to, in pieces of at most `most` bytes.

    Args:
      bits: zlib's window: 15 for its own form, -15 for that of zip archives.

    Raises:
      WeightsError: if they are no stream of deflate, or more or less than one.
    """
    machine = zlib.decompressobj(bits)
    waiting = b""
    try:
        while not machine.eof:
            if not waiting:
                waiting = file.read(min(packed, PACKED))
                packed -= len(waiting)
            last = not waiting
            piece = machine.decompress(waiting, most)
            waiting = machine.unconsumed_tail
            if piece:
                yield piece
            elif last:
                break
    except zlib.error:
        raise WeightsError("what is packed in it is damaged") from None
    if not machine.eof or packed or machine.unused_data:
        raise WeightsError("what is packed in it is damaged or cut off")
