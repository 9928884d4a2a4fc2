"""Another name for a thing, wherever it is used; refused where specs would mean another thing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnndsl.editor.buffers import Buffers
from cnndsl.editor.workspace import Place, Read, key, places, read, users
from cnndsl.ops import MERGES, OPS
from cnndsl.pipeline import check_source
from cnndsl.syntax import tables


class Unnameable(Exception):
    """The new name cannot be; the message says why."""


@dataclass(frozen=True, slots=True)
class Change:
    """The characters `start` to `end` of a file become `text`; its old text is `source`."""

    path: str
    source: str
    start: int
    end: int
    text: str


def rename(
    home: Place, old: str, new: str, folders: Sequence[str], texts: Mapping[str, str]
) -> list[Change]:
    """The changes that give the symbol that is first written at `home` the name `new`.

    Raises:
      Unnameable: if that is no name, or is taken so that the specs would mean something else.
    """
    if not (new.isidentifier() and new.isascii()):
        raise Unnameable("a name is made of letters, digits and `_`, and begins with no digit")
    if new in tables.KEYWORDS:
        raise Unnameable(f"`{new}` is a word of the language")
    if new in OPS or new in MERGES:
        raise Unnameable(f"`{new}` is an op")
    before = users(home[0], folders, texts)
    changes = [
        Change(path, each.span.source.text, start, start + len(old), new)
        for (path, start), each in places(home, before).items()
    ]
    after = {**texts, **_changed(changes)}
    for path, one in before.items():
        again = read(path, after)
        is_same = again is not None and _meaning(again) == _meaning(one)
        if not is_same or _mistakes(path, after) != _mistakes(path, texts):
            raise Unnameable(f"`{new}` means something else in one of the places")
    return changes


def _mistakes(path: str, texts: Mapping[str, str]) -> list[str]:
    """The codes of what is wrong with a spec."""
    files = Buffers(path, os.path.dirname(path), texts)
    source, _ = files.put(texts[path]) if path in texts else files.open()
    checked = None if source is None else check_source(source, files.load)
    return [] if checked is None else [each.code for each in checked.diagnostics]


def _changed(changes: Sequence[Change]) -> dict[str, str]:
    """The texts of the files after the changes."""
    texts = {change.path: change.source for change in changes}
    for change in sorted(changes, key=lambda each: -each.start):
        text = texts[change.path]
        texts[change.path] = text[: change.start] + change.text + text[change.end :]
    return texts


def _meaning(one: Read) -> list[int]:
    """Which occurrences are of one symbol: for each, by place, the number of the first of them."""
    ordered = sorted(one.occurrences, key=lambda o: (o.span.source.name, o.span.start))
    numbers: dict[Place, int] = {}
    return [numbers.setdefault(key(each), len(numbers)) for each in ordered]
