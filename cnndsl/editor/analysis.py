"""A spec as the compiler sees it: one text, checked, with all that features ask for."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cnndsl.diagnostics import Diagnostic
from cnndsl.editor.buffers import Buffers
from cnndsl.editor.records import Sightings, sightings
from cnndsl.elaborate.program import Program
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
    def holds(self) -> bool:
        """Whether there is no mistake in it: warnings are none."""
        return not self.checked.diagnostics

    @cached_property
    def sightings(self) -> Sightings:
        return sightings(self.checked.networks)


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
    found = (*checked.diagnostics, *warnings(checked))
    return Analysis(text, source, checked, found, frozenset(files.needed), files.used)
