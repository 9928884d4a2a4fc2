"""Pieces of lines, as text."""

from __future__ import annotations


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
