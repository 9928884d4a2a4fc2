"""Text to words: the tokens of the grammar, without comments and blanks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected
from cnndsl.source import Source, Span
from cnndsl.syntax import tables

END = "$END"  # the name that lark gives to the end of the text
MAX_WORDS = 250_000
_LINE = 500  # characters of a line around a place that are looked at
_MAX_DIGITS = 16  # of 2^53
_WORDS = re.compile(tables.SCANNER)

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


FINAL = frozenset({"E003", "E008"})  # the mistakes behind which nothing is read


class Mistake(Exception):
    """A syntax error on its way to `parser.parse`, which returns it."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True, eq=False)
class Word(Span):
    """A token: its place, and its terminal in the grammar."""

    type: str


@dataclass
class Allowance:
    """The words that may still come, of one text or of several together."""

    words: int = MAX_WORDS


def scan(
    source: Source, allowance: Allowance | None = None, missed: list[Diagnostic] | None = None
) -> Iterator[Word]:
    """The words of a text in order, then one of type `END`; raises `Mistake`.

    All the newlines, blank lines and comments between two lines are one NEWLINE. With `missed`,
    what is no word is left out and what is wrong with it noted there.
    """
    allowance = allowance or Allowance()
    keywords = tables.KEYWORDS
    skipped = 0
    for match in _WORDS.finditer(source.text):
        kind = match.lastgroup or "UNKNOWN"
        start, end = match.span()
        if kind in ("NAME", "PICK"):
            kind = keywords.get(match.group(), kind)
        elif kind in tables.IGNORED:
            continue
        elif kind == "UNKNOWN":
            mistake = _unknown(Span(source, start, end))
            if missed is None:
                raise Mistake(mistake)
            if start >= skipped:
                missed.append(mistake)
            if mistake.code == "E005" and mistake.primary:  # a string to the end of its line
                end = skipped = max(skipped, mistake.primary.span.end)
                yield Word(source, start, end, "STRING")
            continue
        if start < skipped:
            continue
        allowance.words -= 1
        if allowance.words < 0:
            raise Mistake(errors.text_too_large(Span(source, start, end), "250,000 words"))
        yield Word(source, start, end, kind)
    length = len(source.text)
    yield Word(source, length, length, END)


def integer_of(span: Span) -> int:
    """The value of digits, below 2^53 in magnitude; Python refuses very long ones."""
    digits = span.text.replace("_", "").lstrip("0")
    if len(digits) > _MAX_DIGITS or int(digits or "0") >= 2**53:
        raise Mistake(errors.number_too_large(span))
    return int(digits or "0")


POWERS = {"k": 3, "K": 3, "M": 6, "G": 9, "B": 9, "T": 12}  # of ten


def rounded_of(span: Span) -> tuple[int, int]:
    """A count as papers write it, `25.6M`, and what its last digit counts."""
    digits, _, decimals = span.text[:-1].partition(".")
    power = POWERS[span.text[-1]] - len(decimals)
    if len(decimals) > _MAX_DIGITS or power < 0:
        raise Mistake(errors.malformed_number(span, "this is finer than one", "write all digits"))
    whole = Span(span.source, span.start, span.start + len(digits))
    value = integer_of(whole) * 10 ** (power + len(decimals)) + int(decimals or "0") * 10**power
    if value >= 2**53:
        raise Mistake(errors.number_too_large(span))
    return value, 10**power


def float_of(span: Span) -> float:
    value = float(span.text)
    if math.isinf(value):
        raise Mistake(errors.number_too_large(span))
    return value


def _unknown(span: Span) -> Diagnostic:
    text = span.source.text
    if span.text == '"':
        line_end = text.find("\n", span.start)
        end = len(text) if line_end < 0 else line_end
        return errors.unclosed_string(Span(span.source, span.start, end))
    fix = _instead(span)
    help = None if fix and span.text == "?" else _HINTS.get(span.text)
    if fix and span.text == ";" and (line := corrected(fix)):
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
        from cnndsl.syntax.choices import asked  # only mistakes ask for it

        return asked(span)
    return None
