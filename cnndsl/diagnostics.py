"""What the compiler tells an author: values, collected and ordered, never printed here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from cnndsl.source import Span

LIMIT = 20  # more than a screenful teaches nothing


class Severity(Enum):
    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, eq=False)
class Label:
    """A place and what was seen there."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """An edit: `span` becomes `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Diagnostic:
    """One independent mistake.

    `primary` is the smallest text at fault and gets the caret; `labels` are other places
    that matter; `notes` are facts; `help` is one change that can be pasted, and `fix` the same as
    an edit, where it is not plain from the help.
    """

    code: str
    message: str
    primary: Label | None
    labels: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    severity: Severity = Severity.ERROR
    fix: Fix | None = None
    table: str | None = None  # a preformatted table (a failed assertion shows the stages)


class CompileError(Exception):
    """Raised where a value was asked for and the spec is wrong (`cnndsl.load`).

    `text` shows the diagnostics as a terminal would.
    """

    def __init__(self, diagnostics: tuple[Diagnostic, ...], text: str):
        super().__init__(diagnostics, text)
        self.diagnostics = diagnostics
        self.text = text

    def __str__(self) -> str:
        return f"the spec is wrong\n\n{self.text}"
