"""One of two layers, chosen as other languages do: `c ? a : b` and `a if c else b`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnndsl.diagnostics import Fix
from cnndsl.source import Span
from cnndsl.syntax.parts import code_from, opened_in_line

_VALUE = re.compile(r"[\d.]+|\"[^\"]*\"|true|false|none|same|valid")
_OF_VALUES = re.compile(r"[ \t]*(?:let|fn|expect|input)\b")
_SIGNS = ((r"&&", " and "), (r"\|\|", " or "))
_MOST = 20  # conditions in a line


@dataclass(frozen=True)
class Part:
    """What stands between the signs or brackets around a place of its line."""

    start: int
    text: str
    before: str  # of the line
    opener: str  # the bracket that opens it in its line, if one does


def around(text: str, place: int) -> Part:
    """The element, argument or item that a place is in, and what follows it."""
    begin = text.rfind("\n", 0, place) + 1
    line = begin + len(code_from(text, begin))
    depth, start = 0, begin
    for at in range(place - 1, begin - 1, -1):
        sign = text[at]
        depth += (sign in ")]}") - (sign in "([{")
        assigns = sign == "=" and text[at - 1] not in "=!<>" and text[at + 1] != "="
        if depth < 0 or (not depth and (sign in ",;" or assigns or text[at - 1 : at + 1] == "->")):
            start = at + 1
            break
    depth = 0
    end = line
    for at in range(start, line):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth < 0 or (not depth and text[at] in ",;"):
            end = at
            break
    opener = opened_in_line(text, start)
    start += len(text[start:end]) - len(text[start:end].lstrip())
    return Part(start, text[start:end].rstrip(), text[begin:start], opener)


def at_top(text: str, sign: str) -> int:
    """Where a sign or a word stands outside of brackets; -1 where it does not."""
    depth = 0
    for at, each in enumerate(text):
        depth += (each in "([{") - (each in ")]}")
        if not depth and re.compile(sign).match(text, at):
            return at
    return -1


def _asked(text: str) -> list[tuple[str, str]] | None:
    """`a ? x : b ? y : z` as conditions with what they choose, the last one without."""
    found: list[tuple[str, str]] = []
    while (asks := at_top(text, r"\?")) >= 0 and len(found) < _MOST:
        then = text[asks + 1 :]
        colon = at_top(then, ":")
        if colon < 0:
            return None
        found.append((text[:asks], then[:colon]))
        text = then[colon + 1 :]
    return [*found, ("", text)] if found else None


def said(text: str) -> list[tuple[str, str]] | None:
    """`x if a else y if b else z`, the same."""
    found: list[tuple[str, str]] = []
    while (asks := at_top(text, r"\bif\b")) >= 0 and len(found) < _MOST:
        behind = text[asks + 2 :]
        other = at_top(behind, r"\belse\b")
        found.append((behind[:other] if other >= 0 else behind, text[:asks]))
        text = behind[other + 4 :] if other >= 0 else ""
    return [*found, ("", text)] if found else None


def _condition(text: str) -> str:
    for sign, word in _SIGNS:
        text = re.sub(rf"[ \t]*{sign}[ \t]*", word, text)
    text = re.sub(r"!(?!=)[ \t]*", "not ", text).strip()
    inner = text[1:-1]
    return inner.strip() if text[:1] == "(" and at_top(text, r"\)") == len(text) - 1 else text


def written(part: Part, cases: list[tuple[str, str]], *, is_value: bool) -> str | None:
    parts = [(_condition(condition), then.strip()) for condition, then in cases]
    if any(not then for _, then in parts[:-1]) or any(not c for c, _ in parts[:-1]):
        return None
    *asked, (_, last) = parts
    if is_value:
        text = "".join(f"{then} if {condition} else " for condition, then in asked) + last
    else:
        text = " else ".join(f"if {condition} {{ {then} }}" for condition, then in asked)
        text += f" else {{ {last} }}" if last else ""
        if re.search(r"(?:->|[^=!<>]=)[ \t]*$", part.before):
            text = f"{{ {text} }}"
    return text


def asked(sign: Span) -> Fix | None:
    """`c ? a : b`, of values as `a if c else b`, of layers as `if c { a } else { b }`."""
    part = around(sign.source.text, sign.start)
    cases = _asked(part.text)
    if cases is None or not cases[-1][1].strip():
        return None
    plain = all(_VALUE.fullmatch(each.strip()) for _, each in cases)
    is_value = plain or part.opener == "(" or _OF_VALUES.match(part.before) is not None
    return edit(sign, part, written(part, cases, is_value=is_value))


def edit(place: Span, part: Part, text: str | None) -> Fix | None:
    whole = Span(place.source, part.start, part.start + len(part.text))
    return None if text is None else Fix(whole, text)
