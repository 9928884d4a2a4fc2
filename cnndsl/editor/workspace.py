"""The specs of a workspace: a name may be used in files that nobody has open."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cnndsl.editor.buffers import Buffers
from cnndsl.editor.present import Place
from cnndsl.editor.scopes import Occurrence, Symbols
from cnndsl.editor.symbols import resolve
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.definitions import collect
from cnndsl.elaborate.program import Program
from cnndsl.files import Unreadable
from cnndsl.syntax.parser import parse_right

_MOST = 1_000  # specs that are looked at
_SKIPPED = frozenset({"node_modules", "__pycache__"})

Stamps = dict[str, Hashable]  # by the real paths of all files that a spec is made of
_NOTHING: tuple[Stamps, Symbols | None] = ({}, None)


@dataclass(frozen=True, eq=False)
class Read:
    """A spec with the files that it uses, as far as names go."""

    program: Program
    symbols: Symbols
    needed: frozenset[str]  # the real paths of the files that it uses

    @property
    def occurrences(self) -> list[Occurrence]:
        return self.symbols.occurrences


def read(path: str, texts: Mapping[str, str]) -> Read | None:
    """The names of a spec; None where it cannot be read or does not parse.

    Args:
      path: a real path.
      texts: of open documents, by their real paths.
    """
    text = texts.get(path)
    files = Buffers(path, os.path.dirname(path), texts)
    try:
        source, _ = files.open() if text is None else files.put(text)
    except Unreadable:
        return None
    spec = None if source is None else parse_right(source)
    if spec is None:
        return None
    program = collect(spec, files.load, Collector())
    return Read(program, resolve(program), frozenset(files.needed))


def specs(folders: Sequence[str], texts: Mapping[str, str]) -> list[str]:
    """The real paths of the specs that are open, or lie in the folders of the workspace."""
    found = dict.fromkeys(texts)
    for path in _walk(folders):
        if len(found) >= _MOST:
            break
        found.setdefault(path)
    return list(found)


def _walk(folders: Sequence[str]) -> Iterator[str]:
    for top in folders:
        for folder, inner, names in os.walk(os.path.realpath(top)):
            inner[:] = [n for n in inner if not n.startswith(".") and n not in _SKIPPED]
            for name in names:
                if name.endswith(".cnn"):
                    yield os.path.realpath(os.path.join(folder, name))


class Closed:
    """The names of the specs of a workspace that nobody has open, read again when they change."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Stamps, Symbols | None]] = {}

    def symbols(self, paths: Iterable[str], texts: Mapping[str, str]) -> list[Symbols]:
        """Of those that use other files; what uses none shares no name with an open one."""
        for path in paths:
            if path not in texts and not self._is_known(path, texts):
                self._known[path] = _read_closed(path, texts)
        found = [self._known[path][1] for path in paths if path not in texts]
        return [symbols for symbols in found if symbols is not None]

    def known(self, paths: Iterable[str], texts: Mapping[str, str]) -> list[Symbols] | None:
        """The same without the compiler; None where one of them is to be read first."""
        if all(path in texts or self._is_known(path, texts) for path in paths):
            return self.symbols(paths, texts)
        return None

    def _is_known(self, path: str, texts: Mapping[str, str]) -> bool:
        stamps, _ = self._known.get(path, _NOTHING)
        return bool(stamps) and all(_stamp(p, texts) == stamp for p, stamp in stamps.items())


def _read_closed(path: str, texts: Mapping[str, str]) -> tuple[Stamps, Symbols | None]:
    needed = {path: _stamp(path, texts)}
    if 'use "' not in _text(path, texts):
        return needed, None
    one = read(path, texts)
    if one is None:
        return needed, None
    return {**needed, **{p: _stamp(p, texts) for p in one.needed}}, one.symbols


def _stamp(path: str, texts: Mapping[str, str]) -> Hashable:
    """What another text of a file has not."""
    if path in texts:
        return texts[path]
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return seen.st_mtime_ns, seen.st_size


def users(home: str, folders: Sequence[str], texts: Mapping[str, str]) -> dict[str, Read]:
    """The specs that a file is part of, itself included, by their real paths."""
    found: dict[str, Read] = {}
    for path in specs(folders, texts):
        if path == home or 'use "' in _text(path, texts):
            one = read(path, texts)
            if one is not None and any(home == o.span.source.name for o in one.occurrences):
                found[path] = one
    return found


def _text(path: str, texts: Mapping[str, str]) -> str:
    if path in texts:
        return texts[path]
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def key(occurrence: Occurrence) -> Place:
    """What tells a symbol from others, in whatever program: where it is named first.

    Sources of programs that were `read` have real paths as their names.
    """
    span = occurrence.symbol.span
    return span.source.name, span.start
