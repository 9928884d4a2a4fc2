"""The words of a text behind a mistake, which has no tree."""

from __future__ import annotations

from cnndsl.source import Source, Span
from cnndsl.syntax.scan import END, Word, scan


def words_from(source: Source, start: int) -> list[Word]:
    """The words of a text from a place on."""
    return [word for word in scan(source, missed=[]) if word.start >= start and word.type != END]


def parts_of(words: list[Word]) -> list[Span]:
    """What stands between commas in the parentheses that open with these words, and the closer."""
    if not words or words[0].type != "LPAR":
        return []
    depth, start = 0, words[0].end
    items: list[Span] = []
    for word in words:
        depth += word.type in ("LPAR", "LSQB", "LBRACE")
        depth -= word.type in ("RPAR", "RSQB", "RBRACE")
        if not depth or (depth == 1 and word.type == "COMMA"):
            items.append(Span(word.source, start, word.start))
            start = word.end
        if not depth:
            return [*items, word]
    return []
