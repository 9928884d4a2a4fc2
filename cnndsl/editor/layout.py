"""The one layout of a document."""

from __future__ import annotations

from cnndsl.format import Misformatted, format_source
from cnndsl.syntax.decode import decode_text


def formatted(name: str, text: str) -> str | None:
    """The text in its one layout; None where it does not parse."""
    source, _ = decode_text(name, text)
    try:
        return None if source is None else format_source(source).text
    except Misformatted:
        return None
