"""The files of one analysis: what an editor has open goes before what the disk has."""

from __future__ import annotations

import os
from collections.abc import Mapping

from cnndsl.diagnostics import Diagnostic
from cnndsl.files import Files, Identity
from cnndsl.source import Source

_NOT_ON_DISK = -1  # in place of a device


class Buffers(Files):
    """Like `Files`, but of a file that is open its text counts.

    Args:
      name: the path of the document that is analysed, or what an unsaved one is called.
      folder: where it lies; None for one that was never saved.
      texts: of all open documents, by their real paths.
    """

    def __init__(self, name: str, folder: str | None, texts: Mapping[str, str]):
        super().__init__(name, folder)
        self.texts = texts
        self.needed: set[str] = set()  # the real paths of all files that were asked for
        self.used: dict[str, dict[str, Source]] = {}  # by the name of a source, its `use`s

    def read(self, real: str) -> tuple[bytes, Identity]:
        self.needed.add(real)
        text = self.texts.get(real)
        if text is None:
            return super().read(real)
        try:
            seen = os.stat(real)
            identity = seen.st_dev, seen.st_ino
        except OSError:
            identity = _NOT_ON_DISK, hash(real)
        known = identity in self._sources
        return b"" if known else text.encode("utf-8", "surrogatepass"), identity

    def load(self, path: str, source: Source) -> Source | str | list[Diagnostic]:
        loaded = super().load(path, source)
        if isinstance(loaded, Source):
            self.used.setdefault(source.name, {})[path] = loaded
        return loaded
