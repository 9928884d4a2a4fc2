"""What flows through a call: an expression that is not yet a line of code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnndsl.ir import Tensor
from cnndsl.targets.flax.emission import Role
from cnndsl.targets.flax.pyexpr import Py
from cnndsl.targets.flax.spelling import Env

MERGED = "merged"
BLOCK = "block"

# What may already be on a line when something of a role joins it.
_JOINS = {
    Role.WEIGHT: {Role.NORM, Role.ACTIVATION, Role.SLICE},
    Role.NORM: {Role.WEIGHT, Role.ACTIVATION, Role.RESHAPE, Role.SLICE},
    Role.ACTIVATION: {Role.WEIGHT, Role.NORM, Role.SLICE, MERGED, BLOCK},
    Role.POOL: set(),
    Role.SLICE: set(),
    Role.GLOBAL: {Role.NORM, Role.ACTIVATION},
    Role.DROPOUT: {Role.WEIGHT, Role.NORM, Role.ACTIVATION, Role.GLOBAL, MERGED, BLOCK},
    Role.RESHAPE: {Role.RESHAPE},
    Role.ARITHMETIC: set(),
    BLOCK: set(),
}


@dataclass(frozen=True)
class Site:
    """Where lines are written: the instance of every record, what names mean, the variable
    that the flow is assigned to, and the stage and bindings around, for attributes' names.
    """

    cx: list[int]
    env: Env
    target: str
    path: tuple[str, ...]


@dataclass(frozen=True)
class Flow:
    """An expression of the call, its channels, and the tensor of every instance."""

    text: str
    channels: Py | None
    tensors: tuple[Tensor, ...]
    roles: frozenset = frozenset()
    compound: bool = False  # a sum or a choice: parentheses wherever an atom is asked for

    @property
    def is_atom(self) -> bool:
        return not self.roles and not self.compound and self.text.isidentifier()

    def admits(self, role: Role | str) -> bool:
        """Whether something of `role` may join this line."""
        if self.compound and role not in (Role.ACTIVATION, Role.NORM, Role.DROPOUT):
            return False
        if role in self.roles and role is not Role.RESHAPE:
            return False
        if role in (Role.NORM, Role.ACTIVATION) and _complete(self.roles):
            return False
        return self.roles <= _JOINS[role]

    def with_role(self, text: str, role: Role | str, **changes: object) -> Flow:
        return replace(self, text=text, roles=self.roles | {role}, **changes)


def _complete(roles: frozenset) -> bool:
    """A line that began with norm and activation ends with its weighted layer."""
    return {Role.WEIGHT, Role.NORM, Role.ACTIVATION} <= roles
