"""The specs of a workspace: a name may be used in files that nobody has open."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cnndsl.editor.buffers import Buffers
from cnndsl.editor.scopes import Occurrence, Symbols
from cnndsl.editor.symbols import resolve
from cnndsl.elaborate.collect import Collector
from cnndsl.elaborate.program import Program, collect
from cnndsl.files import Unreadable
from cnndsl.syntax.parser import parse

_MOST = 1_000  # specs that are looked at
_SKIPPED = frozenset({"node_modules", "__pycache__"})

Place = tuple[str, int]  # a real path and an offset


@dataclass(frozen=True, eq=False)
class Read:
    """A spec with the files that it uses, as far as names go."""

    program: Program
    symbols: Symbols

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
    if text is not None and "use" not in text:
        return _read_alone(path, text)
    return _read(path, text, texts)


@lru_cache(maxsize=16)  # of open documents: who looks for a name often looks for the next one
def _read_alone(path: str, text: str) -> Read | None:
    """The same for a text that uses no files, and so depends on nothing else."""
    return _read(path, text, {path: text})


def _read(path: str, text: str | None, texts: Mapping[str, str]) -> Read | None:
    files = Buffers(path, os.path.dirname(path), texts)
    try:
        source, _ = files.open() if text is None else files.put(text)
    except Unreadable:
        return None
    spec = None if source is None else parse(source)[0]
    if spec is None:
        return None
    program = collect(spec, files.load, Collector())
    return Read(program, resolve(program))


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


def places(home: Place, programs: Mapping[str, Read]) -> dict[Place, Occurrence]:
    """All places of the symbol that is first named at `home`, in all programs."""
    found: dict[Place, Occurrence] = {}
    for one in programs.values():
        for each in one.occurrences:
            if key(each) == home:
                found.setdefault((each.span.source.name, each.span.start), each)
    return dict(sorted(found.items()))
