"""Text to words: the tokens of the grammar, without comments and blanks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source, Span
from cnndsl.syntax import tables

END = "$END"  # the name that lark gives to the end of the text
MAX_WORDS = 250_000
_MAX_DIGITS = 16  # of 2^53
_WORDS = re.compile(tables.SCANNER)
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
            from cnndsl.syntax.signs import unknown  # only mistakes ask for it

            mistake = unknown(Span(source, start, end))
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
