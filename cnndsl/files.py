"""Reading specs.

A spec is untrusted. What it may `use` lies in the folder of the spec that the user named, links
resolved; only regular files are read, and of each no more than a spec may have.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax.decode import MAX_BYTES, decode, decode_text

LONGEST_PATH = 4096
Identity = tuple[int, int]  # device and inode: one for all the names of a file


class Unreadable(Exception):
    """A file that cannot be read; the message goes on from "`NAME`: "."""


class Files:
    """The files of one compilation: the spec that the user named, and what it uses.

    `folder` is the spec's, as the user would type it; None where there is none to use files of.
    A file has one `Source` however many names lead to it.
    """

    def __init__(self, name: str, folder: str | None):
        self.name = name
        self.folder = folder
        self.real_folder = "" if folder is None else os.path.realpath(folder)
        self._sources: dict[Identity, Source | None] = {}  # None: it could not be decoded
        self._folders: dict[str, str] = {}  # of every used file, by the name of its source

    def open(self) -> tuple[Source | None, list[Diagnostic]]:
        """The spec that the user named, decoded.

        Raises:
          Unreadable: if there is no such file, or it cannot be read.
        """
        data, identity = _read(self.name, any_kind=True)
        source, diagnostics = self._decode(self.name, data, identity)
        if source is not None:
            source = replace(source, label=_label(self.name))
            self._sources[identity] = source
        return source, diagnostics

    def put(self, content: str | bytes) -> tuple[Source | None, list[Diagnostic]]:
        """A spec that is not read from its file: an editor's, a pipe's or a program's."""
        if isinstance(content, bytes):
            source, diagnostics = decode(self.name, content)
        else:
            source, diagnostics = decode_text(self.name, content)
        with suppress(OSError, ValueError):
            seen = os.stat(self.name)
            if source is not None:
                source = replace(source, label=_label(self.name))
            self._sources[seen.st_dev, seen.st_ino] = source
        return source, diagnostics

    def load(self, path: str, source: Source) -> Source | str | list[Diagnostic]:
        """What `use "path"` means in `source`: the loader of `pipeline`."""
        if self.folder is None:
            return "this text has no folder to read from"
        if os.path.isabs(path) or len(path) > LONGEST_PATH:
            return "it is not a path relative to this file"
        try:
            real = os.path.realpath(os.path.join(self.above(source), path))
            if not _lies_in(real, self.real_folder):
                return f"it lies outside the folder of {self.name}"
            data, identity = self.read(real)
        except (Unreadable, ValueError) as error:
            return str(error)
        if identity in self._sources:
            known = self._sources[identity]
            return [] if known is None else known  # what is wrong with it has been said
        name = os.path.join(self.folder, os.path.relpath(real, self.real_folder))
        self._folders[name] = os.path.dirname(real)
        loaded, diagnostics = self._decode(name, data, identity)
        return diagnostics if loaded is None else loaded

    def above(self, source: Source) -> str:
        """The folder that the paths of a source are relative to."""
        return self._folders.get(source.name, self.real_folder)

    def read(self, real: str) -> tuple[bytes, Identity]:
        """The bytes of a used file, by its real path; none for one that was read before.

        Raises:
          Unreadable: if there is no such file, or it cannot be read.
        """
        return _read(real, known=self._sources)

    def _decode(
        self, name: str, data: bytes, identity: Identity
    ) -> tuple[Source | None, list[Diagnostic]]:
        source, diagnostics = decode(name, data)
        self._sources[identity] = source
        return source, diagnostics


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(os.path.join(folder, ""))


def _read(
    path: str, any_kind: bool = False, known: Mapping[Identity, object] | None = None
) -> tuple[bytes, Identity]:
    """A file's bytes, one more than a spec may have at most; none for a file already `known`.

    With `any_kind` a pipe will do, as `<(…)` of a shell makes one.
    """
    try:
        seen = os.stat(path)
        identity = seen.st_dev, seen.st_ino
        if stat.S_ISDIR(seen.st_mode):
            raise Unreadable("it is a folder")
        if not any_kind and not stat.S_ISREG(seen.st_mode):
            raise Unreadable("it is not a regular file")
        if known is not None and identity in known:
            return b"", identity
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1), identity
    except FileNotFoundError:
        raise Unreadable("it does not exist") from None
    except PermissionError:
        raise Unreadable("there is no permission to read it") from None
    except (OSError, ValueError) as error:
        raise Unreadable(reason(error)) from None


def reason(error: Exception) -> str:
    """The system's words, to go on from a colon."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return text[:1].lower() + text[1:]


# What lies in the topmost folder of a project.
_ROOTS = ("pyproject.toml", ".git")


def _label(name: str) -> str:
    """A file as its project knows it, whatever the project's folder is called: `specs/a.cnn`."""
    path = os.path.abspath(name)
    folder = os.path.dirname(path)
    while not any(os.path.exists(os.path.join(folder, root)) for root in _ROOTS):
        if folder == os.path.dirname(folder):
            return os.path.basename(path)
        folder = os.path.dirname(folder)
    return os.path.relpath(path, folder).replace(os.sep, "/")
