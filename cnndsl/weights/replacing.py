"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that takes the place of another when it is whole; else nothing is left of it.

    Raises:
      OSError: if it cannot be written.
    """
    target = os.path.realpath(path)
    partial = f"{target}.{os.getpid()}.part"
    try:
        with open(partial, "w+b") as file:
            yield file
        os.replace(partial, target)
    except BaseException:
        with suppress(OSError):
            os.remove(partial)
        raise
