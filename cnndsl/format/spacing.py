"""What stands between two atoms of a line."""

from __future__ import annotations

from enum import Enum

from cnndsl.format.tree import Atom, Bracket, Kind, Leaf
from cnndsl.syntax.layout import OPERATORS

_BINARY = (OPERATORS - {"DOT", "NOT"}) | {"COMMA"}
_TIGHT = frozenset({"DOT", "COMMA", "COLON", "SPREAD"})  # nothing stands before them


class Break(Enum):
    """Whether a line may, or must, end between two atoms."""

    NONE = 0
    SOFT = 1
    HARD = 2


def breaks(before: Atom, atom: Atom) -> Break:
    """A line may end before an arrow or an `else`, and behind an operator."""
    if atom.gap.has_comments:
        return Break.HARD
    if isinstance(atom, Leaf) and atom.kind == "ARROW":
        return Break.HARD if atom.gap.newline else Break.SOFT
    if isinstance(before, Leaf) and before.kind in _BINARY and not before.unary:
        return Break.SOFT
    return Break.SOFT if _is_else(atom) and not is_body(before) else Break.NONE


def opens(before: Atom, atom: Atom) -> bool:
    """Whether an `else` on a line of its own opens the bodies of its `if`."""
    return _is_else(atom) and is_body(before) and atom.gap.newline


def _is_else(atom: Atom) -> bool:
    return isinstance(atom, Leaf) and atom.kind == "ELSE"


def space(before: Atom, atom: Atom) -> str:
    if isinstance(before, Leaf) and (before.unary or before.kind == "DOT"):
        return " " if before.text.isalpha() else ""
    if isinstance(atom, Bracket):
        return "" if atom.calls else " "
    return "" if atom.kind in _TIGHT else " "


def margin(bracket: Bracket) -> str:
    """What stands inside a bracket, at both of its ends."""
    is_wide = bracket.kind is Kind.BRACE or (bracket.kind is Kind.MERGE and bracket.items)
    return " " if is_wide else ""


def is_body(atom: Atom) -> bool:
    return isinstance(atom, Bracket) and atom.is_body
