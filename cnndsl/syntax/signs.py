"""Characters that are no word of a spec: what they stand for, with their edits."""

from __future__ import annotations

import re

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected
from cnndsl.source import Span
from cnndsl.syntax.choices import asked
from cnndsl.syntax.parts import code_from, opened_in_line

_LINE = 500  # characters of a line around a place that are looked at
_HINTS = {
    ";": "a statement ends with its line; nothing else is needed",
    "'": 'strings stand in double quotes: "he_normal"',
    "`": 'strings stand in double quotes: "he_normal"',
    "“": 'strings stand in straight double quotes: "he_normal"',
    "”": 'strings stand in straight double quotes: "he_normal"',
    "→": "write `->`",
    "⇒": "write `->`",
    "|": "write `->` between the elements of a chain, `or` between conditions",
    "&": "write `and`",
    "!": "write `not`",
    "?": "write `a if condition else b`",
    "^": "write `**`",
    "\u00d7": "write a size as `3x3`, a product as `a * b`",
    "\u00b7": "write `*`",
    "\u00f7": "write `/`",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "\u2013": "write `-`",
    "\u2014": "write `-`",
    "\u2212": "write `-`",
    "@": "a definition stands by itself: leave the line out",
    "\\": "a line goes on after `->`, `,`, `=` or an operator, and within parentheses",
    "\u00a0": "write an ordinary space",
    "\ufeff": "a byte-order mark stands only at the very beginning",
}


def unknown(span: Span) -> Diagnostic:
    text = span.source.text
    if span.text == '"':
        line_end = text.find("\n", span.start)
        end = len(text) if line_end < 0 else line_end
        return errors.unclosed_string(Span(span.source, span.start, end))
    fix = _instead(span)
    help = None if fix and (span.text == "?" or fix.text == ",") else _HINTS.get(span.text)
    if fix and help and span.text == ";" and (line := corrected(fix)):
        help = f"a statement ends with its line, and `->` joins layers: {line}"
    return errors.unknown_character(span, help, fix)


def _line_start(span: Span) -> int:
    """Where the line of a place begins, as far as it is looked at."""
    least = max(0, span.start - _LINE)
    return max(span.source.text.rfind("\n", least, span.start) + 1, least)


def _sizes(sign: Span) -> Fix | None:
    """A size with another sign than the letter, and the sizes behind it in its line."""
    text, source = sign.source.text, sign.source
    line_start = _line_start(sign)
    if sign.text in text[line_start : sign.start]:
        return None  # of a line the first one is told
    line_end = text.find("\n", sign.end, sign.end + _LINE)
    line_end = min(len(text), sign.end + _LINE) if line_end < 0 else line_end
    between = re.compile("(?<=\\d)[ \\t]*\u00d7[ \\t]*(?=\\d)")
    line = between.finditer(text, line_start, line_end)
    signs = [found for found in line if found.end() > sign.start]
    if not signs or signs[0].start() > sign.start:
        return None
    whole = Span(source, signs[0].start(), signs[-1].end())
    return Fix(whole, re.sub("[ \\t]*\u00d7[ \\t]*", "x", whole.text))


def _between(before: str) -> str:
    """What stands between two statements in one line, of which the first is this: an arrow, where
    it is a layer.
    """
    layer = re.search(
        r"(?:^|[{;]|->)[ \t]*(?!let\b|input\b|expect\b)\w+(?:\([^()]*\))?[ \t]*$", before
    )
    return " -> " if layer else "\n"


def _instead(span: Span) -> Fix | None:
    """The edit that a character stands for, where its line says so."""
    text, source = span.source.text, span.source
    if span.text == "'" and (closed := re.compile(r"'([^'\"\n]*)'").match(text, span.start)):
        return Fix(Span(source, *closed.span()), f'"{closed[1]}"')
    start = _line_start(span)
    listed = span.text in ";|" and opened_in_line(text, span.start) in ("(", "[")
    if listed and re.compile(r"[;|][ \t]*[\w{]").match(text, span.start):
        gap = len(text[: span.start]) - len(text[: span.start].rstrip(" \t"))
        return Fix(Span(source, span.start - gap, span.end), ",")
    if span.text == "|" and code_from(text, start).strip() == "|":
        return Fix(span, "")
    if span.text == ";" and (following := re.compile(r";[ \t]*(?=\w)").match(text, span.start)):
        return Fix(Span(source, *following.span()), _between(text[start : span.start]))
    decorator = re.compile(r"@[\w.]+(?:\([^()\n]*\))?[ \t]*(?=\n)").match(text, span.start)
    if decorator and not text[start : span.start].strip():
        return Fix(Span(source, *decorator.span()), "")
    before, doubled = text[start : span.start], "||" in text[max(0, span.start - 1) : span.end + 1]
    if span.text == "|" and not doubled and not re.search(r"\b(if|let|fn)\b", before):
        return Fix(span, "->")
    if span.text == "\u00d7":
        return _sizes(span)
    if span.text == "?":
        return asked(span)
    return None
