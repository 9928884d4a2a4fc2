"""A spec as the compiler sees it: one text, checked, with all that features ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cnndsl.checked import Checked
from cnndsl.diagnostics import Diagnostic
from cnndsl.editor.buffers import Buffers
from cnndsl.editor.hints import LineHint, line_hints, summary_of
from cnndsl.editor.records import Sightings, sightings
from cnndsl.editor.scopes import Symbols
from cnndsl.editor.symbols import resolve
from cnndsl.elaborate.program import Program
from cnndsl.ir import Network
from cnndsl.pipeline import checking, warning
from cnndsl.source import Source
from cnndsl.syntax import ast


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of one version of a document.

    `text` is the editor's, `source` the same as the compiler reads it, with plain newlines.
    """

    text: str
    source: Source
    checked: Checked
    diagnostics: tuple[Diagnostic, ...]  # warnings included
    symbols: Symbols = field(default_factory=Symbols)
    needed: frozenset[str] = frozenset()  # the real paths of the files that it uses
    used: Mapping[str, Mapping[str, Source]] = field(default_factory=dict)

    @property
    def program(self) -> Program | None:
        """The definitions; None where the text does not parse."""
        return self.checked.program

    @property
    def spec(self) -> ast.Spec | None:
        return self.program.spec if self.program else None

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks; of a spec with mistakes as far as they go."""
        return self.checked.networks or self.checked.attempts

    @property
    def is_whole(self) -> bool:
        """Whether all shapes are known: there is no mistake, or only what is asserted is wrong."""
        if not self.checked.diagnostics:
            return True
        return bool(self.networks) and not self.sightings.has_gaps

    @cached_property
    def sightings(self) -> Sightings:
        return sightings(self.networks)

    @cached_property
    def hints(self) -> list[LineHint]:
        return [] if self.spec is None else line_hints(self.spec, self.sightings)

    def prepare(self) -> Iterator[None]:
        """Works out what is asked for next, so that answers need not, in steps."""
        assert self.sightings is not None
        yield
        assert self.hints is not None
        yield
        for network in self.networks:
            summary_of(network)


def analysing(
    path: str | None, name: str, text: str, texts: Mapping[str, str]
) -> Iterator[Analysis | None]:
    """The analysis of an open document, as `cnndsl check` does it, in steps that take no longer
    than an answer may: the names of a text that parses, None for what there is to do, and all.

    Args:
      path: its file; None for a document that has none.
      name: what diagnostics call it.
      text: what the editor has.
      texts: all open documents by their real paths.
    """
    files = Buffers(path or name, None if path is None else os.path.dirname(path), texts)
    source, diagnostics = files.put(text)
    if source is None:
        empty = Source(path or name, text)
        checked = Checked(empty, None, (), tuple(diagnostics))
        yield Analysis(text, empty, checked, tuple(diagnostics))
        return
    steps = checking(source, files.load)
    checked = next(steps)
    symbols = Symbols() if checked.program is None else resolve(checked.program)
    needed = frozenset(files.needed)
    if checked.program is not None:
        yield Analysis(text, source, checked, (), symbols, needed, files.used)
    for step in steps:
        checked = step
        yield None
    advised: list[Diagnostic] = []
    for found in warning(checked):
        advised = found
        yield None
    every = (*checked.diagnostics, *advised)
    whole = Analysis(text, source, checked, every, symbols, needed, files.used)
    for _ in whole.prepare():
        yield None
    yield whole
