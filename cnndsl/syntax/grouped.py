"""Syntax errors that are one for the author: alike in many lines, or right by one edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.diagnostics import Diagnostic
from cnndsl.fixes import joined
from cnndsl.syntax.further import place_of

_ALIKE = 3  # more than so many of one kind are one
_LINES = 8  # that a mistake in many of them names


def uncovered(mistakes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those that no edit of another one, within a line, makes right as well."""
    spans = {id(each): each.fix.span for each in mistakes if each.fix}
    lines = [(key, span) for key, span in spans.items() if "\n" not in span.text]
    return [
        each
        for each in mistakes
        if (each.fix and each.code != "E004")
        or not any(
            key != id(each) and span.start <= place_of(each) < span.end for key, span in lines
        )
    ]


def grouped(mistakes: list[Diagnostic]) -> list[Diagnostic]:
    """The same mistake in many lines is one, which names them."""
    groups: dict[tuple[str, str, str | None], list[Diagnostic]] = {}
    for mistake in mistakes:
        groups.setdefault((mistake.code, mistake.message, mistake.help), []).append(mistake)
    found: list[Diagnostic] = []
    for group in groups.values():
        if len(group) <= _ALIKE or group[0].code not in ("E004", "E013"):
            found += group
            continue
        first, *more = group
        lines = [str(each.primary.span.line) for each in more if each.primary]
        listed = ", ".join(lines[:_LINES]) + (", …" if len(lines) > _LINES else "")
        note = f"the same in {len(lines)} more lines: {listed}"
        found.append(replace(first, notes=(*first.notes, note), fix=joined(group)))
    return sorted(found, key=place_of)
