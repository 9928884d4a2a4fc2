"""An open document: its text now, and the newest analyses that say something."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

from pygls.uris import from_fs_path, to_fs_path

from cnndsl.editor.alignment import Alignment
from cnndsl.editor.analysis import Analysis
from cnndsl.editor.positions import Positions
from cnndsl.elaborate.program import Program
from cnndsl.source import Source


def path_of(uri: str) -> str | None:
    """The file of a document; None for one that was never saved."""
    return to_fs_path(uri) if uri.startswith("file:") else None


def uri_of(path: str) -> str:
    return from_fs_path(os.path.abspath(path)) or path


def file_of(source: Source) -> str:
    """The real path of a source's file."""
    if source.is_zoo:
        from cnndsl.zoo.index import folder

        return os.path.realpath(folder("specs") / os.path.basename(source.name))
    return os.path.realpath(source.name)


class Document:
    """What an editor has open.

    `version` is the editor's; `analysed` that of the last analysis, which took `seconds`, and
    `read` that of the last text whose names are known, or which has none; these took `reading`.
    """

    def __init__(self, uri: str, text: str, version: int, encoding: str):
        self.uri = uri
        self.path = path_of(uri)
        self.real = None if self.path is None else os.path.realpath(self.path)
        self.name = os.path.basename(self.path or uri)
        self.encoding = encoding
        self.analysed: int | None = None
        self.read: int | None = None
        self.named: Analysis | None = None  # the names alone, of the newest text that parses
        self.current: Analysis | None = None  # of the newest text that was analysed
        self.parsed: Analysis | None = None  # the same, of a text that parses
        self.sound: Analysis | None = None  # the same, with all shapes, if there was one

        self.seconds = 0.0
        self.reading = 0.0
        self.change(text, version)

    def change(self, text: str, version: int) -> None:
        self.text, self.version = text, version
        plain = text.removeprefix("\ufeff").replace("\r\n", "\n")
        self.positions = Positions(plain, self.encoding)
        self._views: dict[Analysis, View] = {}

    def learn(self, analysis: Analysis, version: int, seconds: float) -> None:
        """Takes in the names of a text, which are known first; it may have moved on."""
        if self.read != version:
            self.read, self.reading = version, seconds
        if analysis.spec is not None:
            self.named = analysis

    def settle(self, analysis: Analysis, version: int, seconds: float) -> None:
        """Takes an analysis in; it may be of a text that has moved on."""
        self.current, self.analysed, self.seconds = analysis, version, seconds
        self.read = version
        self._views.clear()
        if analysis.spec is not None:
            self.named = self.parsed = analysis
            if analysis.is_whole or self.sound is None or not self.sound.is_whole:
                self.sound = analysis

    @property
    def is_settled(self) -> bool:
        return self.analysed == self.version

    @property
    def is_read(self) -> bool:
        return self.read == self.version

    @property
    def program(self) -> Program | None:
        """The definitions of the newest text that parsed."""
        return self.named.program if self.named else None

    def view(self, analysis: Analysis | None) -> View | None:
        """An analysis, and where its places are in the text of now."""
        if analysis is None:
            return None
        if analysis not in self._views:
            self._views[analysis] = View(self, analysis, self.positions)
        return self._views[analysis]

    @property
    def plain(self) -> str:
        """The text with plain newlines, as spans count in it."""
        return self.positions.text


@dataclass(frozen=True)
class View:
    """An analysis, seen from the text of now."""

    document: Document
    analysis: Analysis
    positions: Positions  # of the text of now

    @property
    def plain(self) -> str:
        return self.positions.text

    @property
    def source(self) -> Source:
        return self.analysis.source

    @cached_property
    def alignment(self) -> Alignment:
        return Alignment(self.source.text, self.plain)
