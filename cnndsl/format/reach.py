"""How far a line goes from an atom on until it could end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnndsl.format.measure import NEVER
from cnndsl.format.spacing import Break, breaks, space
from cnndsl.format.tree import Atom, Bracket, Kind, Leaf


@dataclass(frozen=True, slots=True)
class Reach:
    """Columns from an atom on: `width` to where the line could end, or to the opener of a bracket
    that breaks in any case; `head` to the opener of the first bracket that can break.

    `together` is what an atom takes in one line with all that cannot be separated from it.
    """

    width: int
    head: int
    together: int


def reaches(atoms: Sequence[Atom], tail: int, opened: frozenset[Bracket]) -> list[Reach]:
    """The reach of every atom; `tail` columns follow the last one."""
    found: list[Reach] = []
    width, head = tail, NEVER
    for index in range(len(atoms) - 1, -1, -1):
        atom = atoms[index]
        after = atoms[index + 1] if index + 1 < len(atoms) else None
        if after is not None:
            if breaks(atom, after) is Break.NONE:
                blank = len(space(atom, after))
                width, head = width + blank, head + blank
            else:
                width, head = 0, NEVER
        if isinstance(atom, Leaf):
            together = width = width + len(atom.text)
            head += len(atom.text)
        else:
            together = atom.width if atom.kind is Kind.INDEX else atom.width + width
            width = 1 if atom in opened or atom.width >= NEVER else width + atom.width
            head = 1 if atom.items and atom.kind is not Kind.INDEX else head + atom.width
        found.append(Reach(width, head, together))
    found.reverse()
    return found
