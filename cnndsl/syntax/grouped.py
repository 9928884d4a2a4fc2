"""Syntax errors that are one for the author: alike in many lines, or right by one edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import corrected, fixes, joined
from cnndsl.syntax.further import line_of, place_of

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
    """The same mistake in many lines is one, which names them; in one line, whose help is that
    line, two are one.
    """
    groups: dict[tuple[str | None, ...], list[Diagnostic]] = {}
    for mistake in mistakes:
        edits = fixes(mistake) if mistake.code >= "E1" and mistake.primary else ()
        about: tuple[str | None, ...] = (mistake.message, mistake.help)
        if len(edits) == 1 and mistake.primary:
            is_line = (mistake.help or "").startswith("write ")
            about = (mistake.primary.span.text, edits[0].text, None if is_line else mistake.help)
        groups.setdefault((mistake.code, *about), []).append(mistake)
    found: list[Diagnostic] = []
    for key, group in groups.items():
        if len(group) > _ALIKE and (key[0] in ("E004", "E013") or len(key) > 3):
            found.append(_one(group))
            continue
        lines: dict[int, list[Diagnostic]] = {}
        for each in group:
            at = line_of(each) if len(key) > 3 and key[3] is None else place_of(each)
            lines.setdefault(at, []).append(each)
        found += map(_one, lines.values())
    return sorted(found, key=place_of)


def _one(group: Sequence[Diagnostic]) -> Diagnostic:
    """The first of mistakes of one kind, with the edits of all, and the lines of the others."""
    first, *more = group
    if not more:
        return first
    here = [each for each in group if line_of(each) == line_of(first)]
    if (fix := joined(here)) and (line := corrected(fix)) and len(here) > 1:
        first = replace(first, help=f"write {line}")
    lines = list(dict.fromkeys(str(line_of(each)) for each in more if each not in here))
    if lines:
        listed = ", ".join(lines[:_LINES]) + (", …" if len(lines) > _LINES else "")
        note = f"the same in {len(lines)} more line{'s' * (len(lines) > 1)}: {listed}"
        first = replace(first, notes=(*first.notes, note))
    return replace(first, fix=joined(group))
