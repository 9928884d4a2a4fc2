"""Lists that begin empty: their type is that of what is put into them later."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnndsl.targets.flax.shaping.types import LIST, list_of, union
from cnndsl.targets.python.tree import Expr


@dataclass(eq=False)
class Growing:
    """The type of a list by what is put into it."""

    items: list[Type] = field(default_factory=list)

    def item(self) -> Expr | None:
        """The type of the items; None where nothing is put in, or something unknown. Lists that
        stay empty are of any type."""
        empty = [i for i in self.items if isinstance(i, Growing) and not i.items]
        items = (
            self.items
            if len(empty) == len(self.items)
            else [item for item in self.items if item not in empty]
        )
        found = [finished(item) for item in items]
        known = [kind for kind in found if kind is not None]
        return union(known) if known and len(known) == len(found) else None


Type = Expr | Growing | None


def finished(kind: Type) -> Expr | None:
    if not isinstance(kind, Growing):
        return kind
    item = kind.item()
    return LIST if item is None else list_of(item)
