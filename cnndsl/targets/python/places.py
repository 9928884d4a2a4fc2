"""What brackets, lists of items and operators are as documents, wherever they stand."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.python.document import (
    SOFT,
    SPACE,
    Doc,
    Group,
    GroupIfBroken,
    Indent,
    Only,
    Overhang,
)

# Where an expression stands: inside brackets, in a statement where no line may end, or (any
# positive number) where lines may end if the group of that number is broken: it gets parentheses.
INSIDE, NOWHERE = -1, 0


def brackets(left: str, content: Doc, right: str, place: int) -> list[Doc]:
    """Brackets whose content, if it does not fit, stands on lines of its own."""
    inside: Doc = Group([Indent([SOFT, content]), SOFT])
    return [left, Overhang(inside, place) if place > NOWHERE else inside, right]


def sequence(entries: Sequence[Doc]) -> list[Doc]:
    """Entries with commas: broken, one on each line, with a last comma behind several."""
    found: list[Doc] = []
    for entry in entries:
        found += [entry, ",", SPACE]
    del found[-2:]
    if len(entries) > 1:
        found.append(Only(","))
    return found


def group(content: Doc, place: int) -> Doc:
    if place == INSIDE:
        return Group(content)
    return GroupIfBroken(content, place) if place else content


def line_end(place: int) -> Doc:
    """A space, or the end of a line where the expression's group is broken."""
    if place == INSIDE:
        return SPACE
    return [Only(SPACE, place), Only(" ", place, flat=True)] if place else " "


def tight_line_end(place: int) -> Doc:
    """Nothing, or the end of a line."""
    if place == INSIDE:
        return SOFT
    return Only(SOFT, place) if place else ""
