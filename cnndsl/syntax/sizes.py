"""Sizes as other languages write them: tuples, and sides with spaces between."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import KEYWORDS
from cnndsl.syntax.parts import closed, end_of_line, split_at

_TUPLE = re.compile(r"(?<=[=,(] )\((\d+(?:, *\d+)+)\)")


def tuples(at: Context) -> Diagnostic | None:
    """`(3, 3)`."""
    if at.word.type != "COMMA" or at.inside != "LPAR":
        return None
    source, opener = at.word.source, at.open[-1]
    index = at.before.index(opener)
    last = at.before[index - 1] if index else None
    touches = last is not None and last.end == opener.start
    end = closed(source.text, opener.start)
    if end is None or (touches and last is not None and last.type == "NAME"):
        return None
    span = Span(source, opener.start, end)
    texts = [part.strip() for part in split_at(span.text[1:-1]) if part.strip()]
    space = " " if touches and last is not None and last.type in KEYWORDS else ""
    if at.statement and at.statement[0].type == "FOR":  # which goes over lists
        listed = f"{space}[{', '.join(texts)}]"
        return errors.written_differently(
            at.word,
            "a loop goes over a list, [3, 3]",
            None,
            _further(Fix(span, listed), listed=True),
        )
    fix = _further(Fix(span, space + elsewhere.size(texts)))
    return errors.written_differently(at.word, "a size is written 3x3, a list [3, 3]", None, fix)


def _further(fix: Fix, *, listed: bool = False) -> Fix:
    """The edit with other tuples of numbers that follow in its line, as sizes or as lists."""
    source, start = fix.span.source, fix.span.end
    line = source.text[start : end_of_line(source.text, start)]
    found = list(_TUPLE.finditer(line))
    if not found:
        return fix
    end = found[-1].end()
    rest = _TUPLE.sub(
        lambda each: (
            f"[{each[1]}]" if listed else elsewhere.size(each[1].replace(" ", "").split(","))
        ),
        line[:end],
    )
    return Fix(Span(source, fix.span.start, start + end), fix.text + rest)


def spaced(first: Span, last: Span) -> Diagnostic:
    """`32 x 32 x 3`: a size with spaces."""
    message = "a size without spaces was meant"
    text = first.source.text
    sides = re.compile(r"\d+(?:[ \t]*[xX][ \t]*\d+)+(?!\w)").match(text, first.start)
    if sides is None:
        help = "write the sides joined by a small `x`: 3x3"
        return errors.malformed_number(first.to(last), message, help)
    whole = Span(first.source, *sides.span())
    fix = Fix(whole, re.sub(r"\s*[xX]\s*", "x", sides[0]))
    return errors.malformed_number(whole, message, None, fix)
