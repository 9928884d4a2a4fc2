"""The one layout of a document, of which only those paragraphs are laid out that are new."""

from __future__ import annotations

import re
from functools import lru_cache

from cnndsl.format import Misformatted, format_spec
from cnndsl.source import Source
from cnndsl.syntax.decode import decode_text
from cnndsl.syntax.parser import parse_right

# Lines that are blank, before one that is not indented: where a paragraph ends.
_END = re.compile(r"\n(?:[ \t]*\n)+(?=\S)")
_MOST = 4_096  # paragraphs that are remembered


def paragraphs(text: str) -> list[str]:
    """The stretches of a text between blank lines, if they stand at the margin.

    Where each is a spec by itself, the text is these specs one after the other: no word but a
    newline reaches over a line, and between definitions one newline or more are the same. So the
    layout of the text is that of its paragraphs, with a blank line between them.
    """
    return [part for part in _END.split(text) if part.strip()]


def formatted(name: str, text: str) -> str | None:
    """The text in its one layout; None where it does not parse."""
    source, _ = decode_text(name, text)
    if source is None:
        return None
    parts: list[str] = []
    for paragraph in paragraphs(source.text):
        part = laid_out(paragraph)
        if part is None:  # a blank line in a body
            return _whole(source)
        parts.append(part)
    return "\n".join(parts)


@lru_cache(_MOST)
def laid_out(paragraph: str) -> str | None:
    """A paragraph in its one layout; None where it is no spec by itself."""
    return _whole(Source("", paragraph))


def _whole(source: Source) -> str | None:
    spec = parse_right(source)
    try:
        return None if spec is None else format_spec(spec)
    except Misformatted:
        return None
