"""How wide things are in one line, and what they look like there."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cnndsl.format.spacing import Break, breaks, margin, opens, space
from cnndsl.format.tree import Atom, Bracket, Item, Kind, Leaf

WIDTH = 120  # columns of a line
NEVER = 1_000_000  # wider than any line: it stands on several


def measure(bracket: Bracket) -> int:
    """Sets the width of a bracket and of everything in it."""
    widths = [_measure_item(item) for item in bracket.items]
    inside = sum(widths) + 2 * max(0, len(widths) - 1) + len(margin(bracket))
    inside += len(margin(bracket)) if bracket.items else 0
    bracket.width = NEVER if _stands_on_lines(bracket) else min(NEVER, inside + 2)
    return bracket.width


def _measure_item(item: Item) -> int:
    for atoms in (item.atoms, item.shape):
        for atom in atoms:
            if isinstance(atom, Bracket):
                measure(atom)
    width = flat_width(item.atoms)
    if item.shape:
        commented = item.shape[0].gap.has_comments
        width += NEVER if commented else len(" : ") + flat_width(item.shape)
    item.width = min(NEVER, width)
    return item.width


def _stands_on_lines(bracket: Bracket) -> bool:
    """Whether its author, or a comment, gave a bracket several lines."""
    gaps = [*(item.gap for item in bracket.items), bracket.last]
    if any(gap.has_comments for gap in gaps):
        return True
    if not bracket.items:
        return False
    if bracket.kind in (Kind.PAREN, Kind.INDEX):
        return not bracket.calls and gaps[0].newline
    return any(gap.newline for gap in gaps)


def flat_width(atoms: Sequence[Atom]) -> int:
    """The width of atoms in one line, spaces between them included."""
    width = _width(atoms[0])
    for before, atom in pairwise(atoms):
        if breaks(before, atom) is Break.HARD or opens(before, atom):
            return NEVER
        width += len(space(before, atom)) + _width(atom)
    return min(NEVER, width)


def _width(atom: Atom) -> int:
    return len(atom.text) if isinstance(atom, Leaf) else atom.width


def flat(atoms: Sequence[Atom]) -> str:
    """Atoms in one line."""
    parts = [_flat(atoms[0])]
    for before, atom in pairwise(atoms):
        parts += [space(before, atom), _flat(atom)]
    return "".join(parts)


def _flat(atom: Atom) -> str:
    if isinstance(atom, Leaf):
        return atom.text
    blank = margin(atom)
    items = ", ".join([_flat_item(item) for item in atom.items])
    return f"{atom.kind.opener}{blank}{items}{blank if items else ''}{atom.kind.closer}"


def _flat_item(item: Item) -> str:
    return flat(item.atoms) + (f" : {flat(item.shape)}" if item.shape else "")
