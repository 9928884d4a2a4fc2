"""Another name for a thing, wherever it is used; refused where specs would mean another thing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from cnndsl.editor.buffers import Buffers
from cnndsl.editor.present import Place, Spot
from cnndsl.editor.scopes import Symbols
from cnndsl.editor.workspace import Read, key, read, users
from cnndsl.elaborate import preprocess, recipe, values
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.ops import MERGES, OPS, initial
from cnndsl.pipeline import check_source
from cnndsl.recipes.tables import CALLS
from cnndsl.syntax import tables

_WORD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
# Words that are one only where they stand at their place, and names that a network gives.
_AT_THEIR_PLACE = "constant from input op output param preprocess return shared within zoo".split()
_GIVEN = ("classes", "logits", "macs", "params", "shape", "total")


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


def changes_of(old: str, new: str, spots: Sequence[Spot]) -> list[Change]:
    """The changes that give a symbol the name `new`; numbers behind the old one stay.

    Raises:
      Unnameable: if that is no name.
    """
    if not (new.isidentifier() and new.isascii()):
        raise Unnameable("a name is made of letters, digits and `_`, and begins with no digit")
    if new in tables.KEYWORDS:
        raise Unnameable(f"`{new}` is a word of the language")
    if new in OPS or new in MERGES:
        raise Unnameable(f"`{new}` is an op")
    return [Change(s.path, s.text, s.start, s.start + len(old), new) for s in spots]


def is_new(name: str, programs: Sequence[Symbols]) -> bool:
    """Whether a name cannot be taken for any that there is, so that there is nothing to prove.

    It is in no text, has no meaning in the language, and no loop makes one of the others of it by a
    number.
    """
    stem = name.rstrip("0123456789")
    if stem in _words():
        return False
    texts = {each.span.source.text for symbols in programs for each in symbols.occurrences}
    written = {word for text in texts for word in _WORD.findall(text)}
    return not any(word.rstrip("0123456789") == stem for word in written if word.startswith(stem))


@cache
def _words() -> frozenset[str]:
    """The words of the language and the names of all that it has."""
    known = {*tables.KEYWORDS, *_AT_THEIR_PLACE, *_GIVEN, *OPS, *MERGES, *FUNCTIONS, *initial.NAMES}
    known.update(values.ATTRIBUTES, preprocess.SETTINGS, recipe.SETTINGS, *CALLS.values())
    for words in preprocess.WORDS.values():
        known.update(words)
    for op in OPS.values():
        for name, argument in op.arguments().items():
            known.update((name,), argument.kind.own_words)
    return frozenset(known)


def prove(
    home: Place,
    changes: Sequence[Change],
    new: str,
    folders: Sequence[str],
    texts: Mapping[str, str],
) -> None:
    """Compares what all names mean before and after, and what is wrong with the specs.

    Raises:
      Unnameable: if the specs would mean something else.
    """
    before = users(home[0], folders, texts)
    after = {**texts, **_changed(changes)}
    for path, one in before.items():
        again = read(path, after)
        is_same = again is not None and _meaning(again) == _meaning(one)
        if not is_same or _mistakes(path, after) != _mistakes(path, texts):
            raise Unnameable(f"`{new}` means something else in one of the places")


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
