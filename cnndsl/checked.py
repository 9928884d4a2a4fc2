"""What a check finds: the program of a spec, its networks, and its mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.program import Program
from cnndsl.ir import Network
from cnndsl.source import Source


@dataclass(frozen=True)
class Checked:
    """A spec's program and networks; no networks where a diagnostic is an error.

    `model` is the one network that was asked for by its name in the zoo, not by a file's.
    `attempts` are the networks of a spec with mistakes, as far as they go: for editors.
    """

    source: Source
    program: Program | None
    networks: tuple[Network, ...]
    diagnostics: tuple[Diagnostic, ...]
    model: str | None = None
    attempts: tuple[Network, ...] = ()

    @property
    def name(self) -> str:
        """What was asked for: the spec's name, or the model's."""
        return self.model or self.source.name

    @property
    def proven(self) -> Program:
        """The program of a spec without a mistake.

        Raises:
          LookupError: if there are diagnostics.
        """
        if self.program is None or self.diagnostics:
            raise LookupError(f"{self.name} has mistakes")
        return self.program
