"""Collects diagnostics: one per mistake, however many instances and models repeat it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.ops.spelled import brief
from cnndsl.source import Span

if TYPE_CHECKING:
    from cnndsl.ir import Value

_SHOWN = 6  # arguments of an instance


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
    arguments: Mapping[str, Value]  # values alone

    def describe(self) -> str:
        """`in this instance: layer1[0], width = 64, stride = 1`."""
        shown = [f"{n} = {brief(value)}" for n, value in islice(self.arguments.items(), _SHOWN)]
        return "in this instance: " + ", ".join([self.path, *shown])


@dataclass
class _Entry:
    diagnostic: Diagnostic
    place: Place | None
    elsewhere: dict[str, None] = field(default_factory=dict)  # other instances, in order


class Collector:
    """Diagnostics of one run."""

    def __init__(self) -> None:
        self._entries: dict[tuple[object, ...], _Entry] = {}
        self.reports = 0  # mistakes that were run into, those that are known already included

    def add(
        self, diagnostic: Diagnostic, place: Place | None = None, *, only_again: bool = False
    ) -> None:
        """Adds a mistake or, with `only_again`, one more instance of a mistake that is known."""
        self.reports += 1
        span = diagnostic.primary.span if diagnostic.primary else None
        key = (diagnostic.code, id(span.source), span.start) if span else (diagnostic.message,)
        entry = self._entries.get(key)
        if entry is None:
            if not only_again:
                self._entries[key] = _Entry(diagnostic, place)
        elif place and entry.place and place.path != entry.place.path:
            entry.elsewhere[place.path] = None

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def keep(self, first: int) -> None:
        """Forgets all mistakes but as many as were there at first."""
        for key in list(self._entries)[first:]:
            del self._entries[key]

    def label(self, first: int, label: Label) -> None:
        """Adds a label to all mistakes but those that were there at first."""
        for key, entry in list(self._entries.items())[first:]:
            known = entry.diagnostic
            self._entries[key] = replace(
                entry, diagnostic=replace(known, labels=(*known.labels, label))
            )

    def diagnostics(self) -> list[Diagnostic]:
        """All of them, by file and position, with the instances that share each."""
        found = [_with_instances(entry) for entry in self._entries.values()]
        return sorted(found, key=_position)


class Mistaken(Exception):
    """There is a mistake, which is all that was asked."""


class AnyMistake(Collector):
    """Ends a run by `Mistaken` at its first mistake, for who only asks whether there is one."""

    def add(
        self, diagnostic: Diagnostic, place: Place | None = None, *, only_again: bool = False
    ) -> None:
        super().add(diagnostic, place, only_again=only_again)
        if self:
            raise Mistaken


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
        listed = ", ".join(islice(more, 4)) + (", …" if len(more) > 4 else "")
        count = f"{len(more)} more instance{'s' if len(more) > 1 else ''}"
        notes = (*notes, f"the same mistake shows in {count}: {listed}")
    return replace(diagnostic, labels=(*diagnostic.labels, label), notes=notes)
