"""Zip archives from strangers: what is listed is checked before anything is unpacked."""

from __future__ import annotations

import zipfile

from cnndsl.weights.errors import WeightsError

MAX_ENTRIES = 100_000
MAX_UNPACKED = 16 * 2**30  # bytes, of all entries
MAX_RATIO = 1_100  # deflate cannot pack tighter: a higher claim is a lie


def entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files of an archive.

    Raises:
      WeightsError: if they are encrypted, or are too many or too large to be weights.
    """
    found = [entry for entry in archive.infolist() if not entry.is_dir()]
    if len(found) > MAX_ENTRIES:
        raise WeightsError(f"the archive has {len(found):,} files: weights have fewer")
    if sum(entry.file_size for entry in found) > MAX_UNPACKED:
        raise WeightsError("the archive unpacks to more than 16 GiB: it is damaged or a bomb")
    for entry in found:
        if entry.flag_bits & 1:
            raise WeightsError("the archive is encrypted")
        if entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
            raise WeightsError("the archive lies about the sizes of its files")
    return found


def unpacked(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """One file of an archive.

    Raises:
      WeightsError: if it is missing, damaged, or larger than `limit` bytes.
    """
    try:
        entry = archive.getinfo(name)
    except KeyError:
        raise WeightsError(f"the archive has no {name}") from None
    if entry.file_size > limit:
        raise WeightsError(f"{name} of the archive has {entry.file_size:,} bytes: far too many")
    with archive.open(entry) as file:
        return file.read(limit)
