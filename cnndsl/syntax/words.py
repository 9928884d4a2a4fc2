"""The words of a text behind a mistake, which has no tree."""

from __future__ import annotations

from cnndsl.source import Source
from cnndsl.syntax.scan import END, Word, scan


def words_from(source: Source, start: int) -> list[Word]:
    """The words of a text from a place on."""
    return [word for word in scan(source, missed=[]) if word.start >= start and word.type != END]
