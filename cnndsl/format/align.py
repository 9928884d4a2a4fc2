"""Columns: the asserted shapes of statements that follow each other, and comments behind lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnndsl.format.measure import WIDTH

Suffix = tuple[int, str]  # the index of a line, and what is to stand behind it


def align(
    lines: Sequence[str], shapes: Sequence[Sequence[Suffix]], comments: Mapping[int, str]
) -> list[str]:
    """The lines with their shapes, by runs of statements, and their comments, by line."""
    aligned = list(lines)
    for run in shapes:
        lone = len(run) == 1 or all(lines[line].strip() == "}" for line, _ in run)
        _join(aligned, [(line, f": {shape}") for line, shape in run], 1 if lone else 2)
    for run in _neighbours(comments):
        _join(aligned, run, 2)
    return aligned


def _join(lines: list[str], run: Sequence[Suffix], blanks: int) -> None:
    """Adds the suffixes in one column, or each behind its line where the column is too far."""
    column = max(len(lines[line]) for line, _ in run) + blanks
    if any(column + len(text) > WIDTH for _, text in run):
        column = 0
    for line, text in run:
        least = len(lines[line]) + (2 if text.startswith("#") else 1)
        lines[line] = lines[line].ljust(max(column, least)) + text


def _neighbours(comments: Mapping[int, str]) -> list[list[Suffix]]:
    """The comments by runs of lines that follow each other."""
    runs: list[list[Suffix]] = []
    for line in sorted(comments):
        if runs and runs[-1][-1][0] == line - 1:
            runs[-1].append((line, comments[line]))
        else:
            runs.append([(line, comments[line])])
    return runs
