"""Where names stand in the texts of now; an analysis may be of a text that has moved on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cnndsl.editor.alignment import Alignment
from cnndsl.editor.document import file_of
from cnndsl.editor.scopes import Occurrence, Symbols
from cnndsl.source import Source, Span

Place = tuple[str, int]  # a real path and an offset


@dataclass(frozen=True, slots=True)
class Spot:
    """A name in the `text` that a file has now."""

    path: str
    text: str
    start: int
    end: int
    defines: bool


class Present:
    """The texts of now: of open documents, by real paths; other files are as they were read."""

    def __init__(self, texts: Mapping[str, str]):
        self._texts = texts
        self._known: dict[Source, tuple[str, str, Alignment | None]] = {}

    def _of(self, source: Source) -> tuple[str, str, Alignment | None]:
        if source not in self._known:
            path = file_of(source)
            text = self._texts.get(path, source.text)
            alignment = None if text == source.text else Alignment(source.text, text)
            self._known[source] = path, text, alignment
        return self._known[source]

    def spot(self, span: Span, defines: bool = True) -> Spot | None:
        """Where a span is now; None where its text was changed."""
        path, text, alignment = self._of(span.source)
        where: tuple[int, int] | None = (span.start, span.end)
        if alignment is not None:
            where = alignment.range_to_new(span.start, span.end)
        return None if where is None else Spot(path, text, *where, defines)

    def home(self, occurrence: Occurrence) -> Place | None:
        """What tells a symbol from others, in whatever program: where it is named first."""
        span = occurrence.symbol.span
        spot = self.spot(Span(span.source, span.start, span.start))
        return None if spot is None else (spot.path, spot.start)

    def spots(self, home: Place, programs: Iterable[Symbols]) -> list[Spot]:
        """All places of the symbol that is first named at `home`, in all programs, in order."""
        found: dict[Place, Spot] = {}
        for symbols in programs:
            is_it: dict[int, bool] = {}
            for each in symbols.occurrences:
                number = id(each.symbol)
                if number not in is_it:
                    is_it[number] = self.home(each) == home
                spot = self.spot(each.span, each.defines) if is_it[number] else None
                if spot is not None:
                    found.setdefault((spot.path, spot.start), spot)
        return [found[place] for place in sorted(found)]
