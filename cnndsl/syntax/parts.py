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


def closed(text: str, opener: int) -> int | None:
    """Behind the bracket that closes the one at a place; None where there is none, or no other."""
    opens = text[opener : opener + 1]
    closes = {"(": ")", "[": "]", "{": "}"}.get(opens)
    if closes is None:
        return None
    depth = 0
    for place in range(opener, len(text)):
        depth += (text[place] == opens) - (text[place] == closes)
        if not depth:
            return place + 1
    return None


def split_at(text: str, signs: str = ",") -> list[str]:
    """What stands between signs outside of brackets."""
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if sign in signs and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def uncut(text: str) -> str:
    """A text up to a bracket that closes what opens before it."""
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if depth < 0:
            return text[:place].rstrip()
    return text


def indent_of(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))
