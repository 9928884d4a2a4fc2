"""Pieces of a text behind a mistake, which has no tree."""

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


def end_of_line(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def code_from(text: str, place: int) -> str:
    """The rest of a line, without its comment."""
    return text[place : end_of_line(text, place)].partition("#")[0].rstrip()


def opened_in_line(text: str, place: int) -> str:
    """The innermost bracket that is open at a place, of those that open in its line."""
    opened: list[str] = []
    for sign in text[text.rfind("\n", 0, place) + 1 : place]:
        if sign in "([{":
            opened.append(sign)
        elif sign in ")]}" and opened:
            opened.pop()
    return opened[-1] if opened else ""


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
