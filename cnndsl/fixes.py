"""Helps that are edits: where a diagnostic says exactly what its text becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Span

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_WRITTEN = re.compile(r"write `([^` ]+)`")
_NUMBER = re.compile(r"write ([0-9.]+)")
_DELETED = frozenset(";\ufeff")
_SIGNS = {"=>": "->", "-->": "->", "->>": "->", "\u00a0": " "}


@dataclass(frozen=True, slots=True, eq=False)
class Fix:
    """`span` becomes `text`."""

    span: Span
    text: str


def fixes(diagnostic: Diagnostic) -> tuple[Fix, ...]:
    """The edits that a diagnostic's help is; none where it is advice, or an example."""
    if diagnostic.primary is None or diagnostic.help is None:
        return ()
    span = diagnostic.primary.span
    if diagnostic.code == "E004":
        span = _run(span)
    text = _replacement(diagnostic.code, span.text, diagnostic.help)
    return () if text is None else (Fix(span, text),)


def _run(span: Span) -> Span:
    """A character with those like it behind it: `&&`."""
    text, end = span.source.text, span.end
    while text[end : end + 1] == span.text:
        end += 1
    return Span(span.source, span.start, end)


def _replacement(code: str, seen: str, help: str) -> str | None:
    if meant := _MEANT.fullmatch(help):
        return meant[1]
    if code == "E002" and help == "delete it":
        return ""
    if code in ("E004", "E013"):
        if seen[:1] in _DELETED:
            return ""
        written = _WRITTEN.fullmatch(help)
        return written[1] if written else _SIGNS.get(seen)
    if code == "E010" and (number := _NUMBER.fullmatch(help)):
        return number[1]
    return None
