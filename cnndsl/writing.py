"""Writing modules: whole files, or none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cnndsl.files import reason


class Unwritable(Exception):
    """A file that cannot be written; the message names it."""


def write_all(texts: Mapping[Path, str]) -> None:
    """Writes files so that each is the old one or the new one at any moment, whole.

    Their folders are made; a file keeps its permissions, a link leads on to the file that it
    led to, and a file that has its text already is left alone.

    Raises:
      Unwritable: with nothing replaced, unless the last step, a renaming, failed.
    """
    ready: list[tuple[Path, Path]] = []
    try:
        for path, text in texts.items():
            with _named(path):
                target = Path(os.path.realpath(path))
                data = text.encode("utf-8")
                if not (target.is_file() and target.read_bytes() == data):
                    target.parent.mkdir(parents=True, exist_ok=True)
                    ready.append((write_beside(target, [data]), target))
        for temporary, target in ready:
            with _named(target):
                os.replace(temporary, target)
    finally:
        for temporary, _ in ready:
            temporary.unlink(missing_ok=True)


def write_beside(target: Path, pieces: Iterable[bytes | memoryview]) -> Path:
    """The pieces in a new file of the same folder, safe on the disk, to be renamed to `target`.

    Raises:
      OSError: if it cannot be written, or the target cannot be replaced; nothing is left.
    """
    if target.is_dir():
        raise OSError("it is a folder")
    if target.exists() and not target.is_file():
        raise OSError("it is a device or a pipe, not a file")
    if target.exists() and not os.access(target, os.W_OK):
        raise OSError("it is read-only")
    temporary = target.with_name(f".{target.name[:200]}.{os.urandom(6).hex()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(f"cannot write {path}: {reason(error)}") from None
