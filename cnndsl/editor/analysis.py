"""A spec as the compiler sees it: one text, checked, with all that features ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cnndsl.diagnostics import Diagnostic
from cnndsl.editor.buffers import Buffers
from cnndsl.editor.hints import LineHint, line_hints, summary_of
from cnndsl.editor.records import Sightings, sightings
from cnndsl.editor.scopes import Symbols
from cnndsl.editor.symbols import resolve
from cnndsl.elaborate.program import Program
from cnndsl.garbage import uncollected
from cnndsl.ir import Network
from cnndsl.pipeline import Checked, check_source, warnings
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

    def prepare(self) -> Analysis:
        """Works out what is asked for next, so that answers need not."""
        assert self.hints is not None
        for network in self.networks:
            summary_of(network)
        return self


@uncollected()
def analyse(path: str | None, name: str, text: str, texts: Mapping[str, str]) -> Analysis:
    """The analysis of an open document, as `cnndsl check` does it.

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
        return Analysis(text, empty, checked, tuple(diagnostics))
    checked = check_source(source, files.load)
    symbols = Symbols() if checked.program is None else resolve(checked.program)
    found = (*checked.diagnostics, *warnings(checked))
    needed = frozenset(files.needed)
    return Analysis(text, source, checked, found, symbols, needed, files.used).prepare()
