"""Words as statements and brackets, also where brackets are not paired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnndsl.syntax.expected import DEFINITIONS
from cnndsl.syntax.layout import CLOSERS, OPENERS, closes_outer
from cnndsl.syntax.scan import END, Word

_BETWEEN = frozenset({"NEWLINE", "LBRACE", "RBRACE", END})


@dataclass(frozen=True, slots=True)
class Extent:
    """A statement or a definition: the indices of its first word and of the word behind it."""

    first: int
    stop: int
    inside: bool  # of braces


def statement_at(words: Sequence[Word], place: int) -> Extent:
    """The innermost statement around an offset, among words whose brackets are paired.

    A newline belongs to the statement that it ends, a brace to the one that it stands in, and its
    closer to the last one before it.
    """
    starts = [0]
    for index, word in enumerate(words):
        if word.start > place or (word.start == place and word.type in _BETWEEN):
            break
        if word.type == "LBRACE":
            starts.append(index + 1)
        elif word.type == "RBRACE" and len(starts) > 1:
            starts.pop()
        elif word.type == "NEWLINE":
            starts[-1] = index + 1
    return Extent(starts[-1], _end(words, starts[-1]), len(starts) > 1)


def _end(words: Sequence[Word], first: int) -> int:
    """The index of what ends the statement that begins at `first`."""
    depth = 0
    for index in range(first, len(words)):
        kind = words[index].type
        if kind == END or (kind == "NEWLINE" and depth == 0):
            return index
        if kind in CLOSERS:
            depth += 1
        elif kind in OPENERS:
            depth -= 1
            if depth < 0:
                return index
    return len(words) - 1


def surplus_brace(words: Sequence[Word], place: int, opener: str | None = None) -> Word | None:
    """The `}` before an offset that is one too many, if what follows shows it.

    What stands at the offset is inside of a bracket of the type `opener` (None: of a definition's
    braces) unless that `}` counts: its closer comes before the next definition.
    """
    index = next((i for i, word in enumerate(words) if word.start >= place), len(words))
    before = next((word for word in reversed(words[:index]) if word.type != "NEWLINE"), None)
    if before is None or before.type != "RBRACE" or (opener is None and open_at(words, place)):
        return None
    depth, closer = 0, CLOSERS[opener or "LBRACE"]
    for word in words[index:]:
        depth += (word.type in CLOSERS) - (word.type in OPENERS)
        if depth < 0:
            return before if word.type == closer else None
        if depth == 0 and (word.type in DEFINITIONS or (opener and word.type == "NEWLINE")):
            return None
    return None


def brace_of(words: Sequence[Word], extent: Extent, place: int) -> int | None:
    """The index of the first brace of a statement that opens at an offset or behind it."""
    depth = 0
    for index in range(extent.first, extent.stop):
        word = words[index]
        if word.type == "LBRACE" and depth == 0 and word.start >= place:
            return index
        depth += (word.type in CLOSERS) - (word.type in OPENERS)
    return None


def behind(words: Sequence[Word], opener: int) -> int:
    """The index of the word behind the closer of a bracket."""
    depth = 0
    for index in range(opener, len(words)):
        depth += (words[index].type in CLOSERS) - (words[index].type in OPENERS)
        if depth == 0:
            return index + 1
    return len(words) - 1


def open_at(words: Sequence[Word], place: int) -> list[Word]:
    """The brackets that are open at an offset, the outermost first."""
    opened: list[Word] = []
    for word in words:
        if word.start >= place:
            break
        if word.type in CLOSERS:
            opened.append(word)
        elif word.type in OPENERS:
            _close(opened, word)
    return opened


def function_around(words: Sequence[Word], place: int) -> list[Word]:
    """The words of the `fn` in whose braces a mistake stands, which has no value then."""
    opened = open_at(words, place)
    if not opened or opened[0].type != "LBRACE":
        return []
    brace = first = next(i for i, word in enumerate(words) if word is opened[0])
    while words[first].type not in (*DEFINITIONS, "NEWLINE") and first:
        first -= 1
    if words[first].type != "FN":
        return []
    depth = 0
    for last in range(brace, len(words)):
        kind = words[last].type
        depth += (kind == "LBRACE") - (kind == "RBRACE")
        if not depth:
            return list(words[first : last + 1])
    return []


def unclosed(words: Sequence[Word]) -> list[Word]:
    """The brackets that nothing closes; a closer further out, and a definition, close them all."""
    opened: list[Word] = []
    found: list[Word] = []
    before = None
    for index, word in enumerate(words):
        begins = word.type in DEFINITIONS and (before is None or before.type == "NEWLINE")
        if begins and words[index + 1].type in ("NAME", "STRING"):
            found += opened
            opened = []
        elif word.type in CLOSERS:
            opened.append(word)
        elif word.type in OPENERS:
            found += _close(opened, word)
        before = word
    return found + opened


def _close(opened: list[Word], closer: Word) -> list[Word]:
    """Takes off what a closer closes; the brackets inside of that one, which are left open."""
    wanted = OPENERS[closer.type]
    inner: list[Word] = []
    if opened and (opened[-1].type == wanted or not closes_outer(opened, closer)):
        opened.pop()
    else:
        while opened and (word := opened.pop()).type != wanted:
            inner.append(word)
    return inner
