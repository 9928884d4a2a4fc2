"""Sizes as other languages write them: tuples, and sides with spaces between."""

from __future__ import annotations

import re

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span
from cnndsl.syntax.context import Context
from cnndsl.syntax.expected import KEYWORDS
from cnndsl.syntax.parts import end_of_line
from cnndsl.syntax.words import parts_of, words_from

_TUPLE = re.compile(r"(?<=[=,(] )\((\d+(?:, *\d+)+)\)")


def tuples(at: Context) -> Diagnostic | None:
    """`(3, 3)`, and `input 224, 224, 3`."""
    if at.word.type != "COMMA":
        return None
    heads = [word.type for word in at.statement]
    is_image = heads[:1] == ["INPUT"]
    source = at.word.source
    if at.inside == "LPAR":
        opener = at.open[-1]
        index = at.before.index(opener)
        last = at.before[index - 1] if index else None
        if last is not None and last.type == "NAME" and last.end == opener.start:
            return None
        parts = parts_of(words_from(source, opener.start))
        if not parts:
            return None
        texts = [part.text.strip() for part in parts[:-1] if part.text.strip()]
        span = Span(source, opener.start, parts[-1].end)
        joined = last is not None and last.end == opener.start and last.type in KEYWORDS
        space = " " if joined else ""
    elif is_image and heads[1:] == ["INTEGER"]:
        line = re.compile(r"\d+(?:[ \t]*,[ \t]*\d+)+").match(source.text, at.previous.start)
        if line is None:
            return None
        texts = [each.strip() for each in line[0].split(",")]
        span, space = Span(source, *line.span()), ""
    else:
        return None
    written = elsewhere.size(texts, is_image)
    message = "a size is written 3x3, a list [3, 3]"
    if is_image:
        message = "an image is height x width x channels, as in 224x224x3"
    fix = _unnamed(Fix(span, space + written)) if is_image else _further(Fix(span, space + written))
    return errors.written_differently(at.word, message, None, fix)


def _unnamed(fix: Fix) -> Fix:
    """The edit without an `as image` behind a size, where nothing mentions that name."""
    text, end = fix.span.source.text, fix.span.end
    named = re.compile(r"[ \t]+as[ \t]+(\w+)").match(text, end)
    if named is None or len(re.findall(rf"\b{named[1]}\b", text)) > 1:
        return fix
    return Fix(Span(fix.span.source, fix.span.start, named.end()), fix.text)


def _further(fix: Fix) -> Fix:
    """The edit with other tuples of numbers that follow in its line."""
    source, start = fix.span.source, fix.span.end
    line = source.text[start : end_of_line(source.text, start)]
    found = list(_TUPLE.finditer(line))
    if not found:
        return fix
    end = found[-1].end()
    rest = _TUPLE.sub(lambda each: elsewhere.size(each[1].replace(" ", "").split(",")), line[:end])
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
