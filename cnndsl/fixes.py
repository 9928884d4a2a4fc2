"""Helps that are edits: where a diagnostic says exactly what its text becomes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import dedent

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.source import Span

__all__ = ["Fix", "corrected", "edited", "fixes"]

_MEANT = re.compile(r"did you mean `([^`]+)`\?")
_WRITTEN = re.compile(r"write `([^` ]+)`")
_NUMBER = re.compile(r"write ([0-9.]+)")
_DELETED = frozenset(";\ufeff")
_SIGNS = {"=>": "->", "-->": "->", "->>": "->", "\u00a0": " "}


_LONGEST = 110  # characters of a line that a help repeats


def corrected(fix: Fix) -> str | None:
    """The line of an edit after it, to be pasted; None where that is no line to read."""
    line = _lines(fix).strip()
    return line if line.isprintable() and 0 < len(line) <= _LONGEST else None


def rewritten(fix: Fix) -> tuple[str | None, str | None]:
    """What an edit makes of its line, or of its lines, as a help with the lines below it."""
    if line := corrected(fix):
        return f"write {line}", None
    lines = _lines(fix).rstrip()
    if "\n" not in lines.strip() or not lines.replace("\n", "").isprintable():
        said = f"write {fix.text} in place of {fix.span.text}"  # in a line that is too long
        is_word = fix.text.strip() and fix.span.text.strip() and "\n" not in fix.span.text
        return said if is_word and said.isprintable() and len(said) <= _LONGEST else None, None
    return f"write this in place of {place(fix.span)}", dedent(lines).strip("\n")


def place(span: Span) -> str:
    """The lines of a span, as a help names them."""
    first, last = (span.source.position(at)[0] for at in (span.start, span.end))
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _lines(fix: Fix) -> str:
    """The lines of an edit after it."""
    text, start, end = fix.span.source.text, fix.span.start, fix.span.end
    line_end = text.find("\n", end)
    line_end = len(text) if line_end < 0 else line_end
    return text[text.rfind("\n", 0, start) + 1 : start] + fix.text + text[end:line_end]


def fixes(diagnostic: Diagnostic) -> tuple[Fix, ...]:
    """The edits that a diagnostic's help is; none where it is advice, or an example."""
    if diagnostic.fix is not None:
        return (diagnostic.fix,)
    if diagnostic.primary is None or diagnostic.help is None:
        return ()
    span = diagnostic.primary.span
    if diagnostic.code == "E004":
        span = _run(span)
    text = _replacement(diagnostic.code, span.text, diagnostic.help)
    return () if text is None else (Fix(span, text),)


def edited(text: str, edits: Sequence[Fix]) -> str:
    """A text after all of some edits, which do not overlap."""
    for edit in reversed(sorted(edits, key=lambda edit: edit.span.start)):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def joined(diagnostics: Sequence[Diagnostic]) -> Fix | None:
    """One edit that does what those of several diagnostics do, in the order of the text."""
    edits = [fix for diagnostic in diagnostics for fix in fixes(diagnostic)]
    if len(edits) < len(diagnostics):
        return None
    return joined_fixes(edits)


def joined_fixes(edits: Sequence[Fix]) -> Fix:
    """One edit that does what several do, in the order of the text."""
    whole = edits[0].span.to(edits[-1].span)
    text, place = "", whole.start
    for edit in edits:
        text += whole.source.text[place : edit.span.start] + edit.text
        place = edit.span.end
    return Fix(whole, text)


def _run(span: Span) -> Span:
    """A character with those like it behind it: `&&`."""
    text, end = span.source.text, span.end
    while text[end : end + 1] == span.text:
        end += 1
    return Span(span.source, span.start, end)


def _replacement(code: str, seen: str, help: str) -> str | None:
    if meant := _MEANT.fullmatch(help):
        return meant[1]
    if code in ("E004", "E013"):
        if seen[:1] in _DELETED:
            return ""
        written = _WRITTEN.fullmatch(help)
        return written[1] if written else _SIGNS.get(seen)
    if code == "E010" and (number := _NUMBER.fullmatch(help)):
        return number[1]
    return None
