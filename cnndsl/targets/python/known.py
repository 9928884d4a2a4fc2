"""What is known of variables at a place, and which expressions have a name there."""

from __future__ import annotations

from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.trail import Trail
from cnndsl.targets.python.tree import Expr


class Known:
    """What holds at a place: of a variable its value, of an expression a `let` that has it."""

    def __init__(self) -> None:
        self.values: Trail[str | Expr, Expr] = Trail()
        self.users: dict[str, dict[str | Expr, None]] = {}  # keys by names that they mention

    def learn(self, key: str | Expr, value: Expr) -> None:
        self.values.set(key, value)
        self._note(key, value)

    def _note(self, key: str | Expr, value: Expr) -> None:
        for name in _mentioned(key, value):
            self.users.setdefault(name, {})[key] = None

    def forget(self, name: str) -> None:
        """Whatever was said of a variable that gets another value."""
        self.values.drop(name)
        for key in self.users.pop(name, ()):
            value = self.values.get(key)
            if value is not None and name in _mentioned(key, value):
                self.values.drop(key)

    def back(self, mark: int) -> dict[str | Expr, Expr | None]:
        """Goes back to a mark; what held since, where that was something else."""
        found = self.values.back(mark)
        for key in found:
            value = self.values.get(key)
            if value is not None:
                self._note(key, value)
        return found

    def settle(self, key: str | Expr, value: Expr | None) -> None:
        """Says what holds behind several ways to a place; None: nothing for sure."""
        if value is None:
            self.values.drop(key)
        elif self.values.get(key) != value:
            self.learn(key, value)


def _mentioned(key: str | Expr, value: Expr) -> frozenset[str]:
    return names(value) if isinstance(key, str) else names(key) | names(value)
