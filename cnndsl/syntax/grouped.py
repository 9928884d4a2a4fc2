"""Syntax errors that are one for the author: alike in many lines, or right by one edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import joined
from cnndsl.syntax.further import place_of

_ALIKE = 3  # more than so many of one kind are one
_LINES = 8  # that a mistake in many of them names


def uncovered(mistakes: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Those that no edit of another one makes right as well."""
    edits = [(each, each.fix) for each in mistakes if each.fix]
    return [
        each
        for each in mistakes
        if not any(_covers(fix, each) for other, fix in edits if other is not each)
    ]


def _covers(edit: Fix, mistake: Diagnostic) -> bool:
    """Whether an edit writes the line of a mistake anew, or the braces around it go."""
    old, place = edit.span, place_of(mistake)
    if not old.start <= place < old.end:
        return False
    if old.text.count("{") > edit.text.count("{"):
        return True
    if mistake.fix is not None and mistake.code != "E004":
        return False
    before, after = old.text.split("\n"), edit.text.split("\n")
    row = old.text.count("\n", 0, place - old.start)
    return len(before) == 1 or (len(before) == len(after) and before[row] != after[row])


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
