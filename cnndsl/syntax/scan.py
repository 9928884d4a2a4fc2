"""Text to words: the tokens of the grammar, with comments, blanks and newlines sorted out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source, Span
from cnndsl.syntax import tables


class Mistake(Exception):
    """A syntax error, on its way to the one place that returns it (`parser.parse`)."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True, slots=True, eq=False)
class Word(Span):
    """A token: its place, and its terminal in the grammar."""

    type: str


END = "$END"  # the name that lark gives to the end of the text
_WORDS = re.compile(tables.SCANNER)


def scan(source: Source) -> Iterator[Word]:
    """The words of a text in order, then one of type `END`; raises `Mistake`.

    A run of newlines, blank lines and comments between two lines is one NEWLINE.
    """
    keywords = tables.KEYWORDS
    text = source.text
    for match in _WORDS.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind == "NAME":
            kind = keywords.get(match.group(), "NAME")
        elif kind in tables.IGNORED:
            continue
        elif kind == "UNKNOWN":
            raise Mistake(_unknown(Span(source, start, end)))
        yield Word(source, start, end, kind)
    yield Word(source, len(text), len(text), END)


def _unknown(span: Span) -> Diagnostic:
    if span.text == '"':
        line_end = span.source.text.find("\n", span.start)
        end = len(span.source.text) if line_end < 0 else line_end
        return errors.unclosed_string(Span(span.source, span.start, end))
    return errors.unknown_character(span)
