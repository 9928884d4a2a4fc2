"""Collects diagnostics: one per mistake, however many instances and models repeat it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.source import Span


class Failure(Exception):
    """Ends an expression, an element or a statement; None where the cause is reported."""

    def __init__(self, diagnostic: Diagnostic | None = None):
        super().__init__(diagnostic.message if diagnostic else "follows from another mistake")
        self.diagnostic = diagnostic


@dataclass(frozen=True)
class Place:
    """The instance of a block that is being elaborated."""

    path: str
    span: Span  # where the model uses the block
    arguments: str  # "width = 64, stride = 1"

    def describe(self) -> str:
        parts = [part for part in (self.path, self.arguments) if part]
        return "in this instance: " + ", ".join(parts)


@dataclass
class _Entry:
    diagnostic: Diagnostic
    place: Place | None
    elsewhere: list[str] = field(default_factory=list)


class Collector:
    """Diagnostics of one run."""

    def __init__(self) -> None:
        self._entries: dict[tuple[object, ...], _Entry] = {}

    def add(
        self, diagnostic: Diagnostic, place: Place | None = None, *, only_again: bool = False
    ) -> None:
        """Adds a mistake or, with `only_again`, one more instance of a mistake that is known."""
        span = diagnostic.primary.span if diagnostic.primary else None
        key = (diagnostic.code, id(span.source), span.start) if span else (diagnostic.message,)
        entry = self._entries.get(key)
        if entry is None:
            if not only_again:
                self._entries[key] = _Entry(diagnostic, place)
        elif place and entry.place and place.path not in (entry.place.path, *entry.elsewhere):
            entry.elsewhere.append(place.path)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def diagnostics(self) -> list[Diagnostic]:
        """All of them, by file and position, with the instances that share each."""
        found = [_with_instances(entry) for entry in self._entries.values()]
        return sorted(found, key=_position)


def _position(diagnostic: Diagnostic) -> tuple[str, int]:
    if diagnostic.primary is None:
        return "", 0
    return diagnostic.primary.span.source.name, diagnostic.primary.span.start


def _with_instances(entry: _Entry) -> Diagnostic:
    diagnostic = entry.diagnostic
    if entry.place is None:
        return diagnostic
    label = Label(entry.place.span, entry.place.describe())
    notes = diagnostic.notes
    if more := entry.elsewhere:
        listed = ", ".join(more[:4]) + (", …" if len(more) > 4 else "")
        count = f"{len(more)} more instance{'s' if len(more) > 1 else ''}"
        notes = (*notes, f"the same mistake shows in {count}: {listed}")
    return replace(diagnostic, labels=(*diagnostic.labels, label), notes=notes)
