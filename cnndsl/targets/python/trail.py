"""A dictionary that goes back to what it was: arms of an `if` start from the same values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Trail(Generic[K, V]):
    """Values by key. Going back costs what was changed, however much there is."""

    def __init__(self) -> None:
        self._held: dict[K, V] = {}
        self._log: list[tuple[K, V | None]] = []  # what was there before each change

    def get(self, key: K) -> V | None:
        return self._held.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._held

    def set(self, key: K, value: V) -> None:
        self._log.append((key, self._held.get(key)))
        self._held[key] = value

    def drop(self, key: K) -> None:
        if key in self._held:
            self._log.append((key, self._held.pop(key)))

    def mark(self) -> int:
        """This point, to look or to go back to."""
        return len(self._log)

    def before(self, mark: int) -> dict[K, V | None]:
        """The keys that were changed since a mark, with what they had then."""
        found: dict[K, V | None] = {}
        for key, value in self._log[mark:]:
            found.setdefault(key, value)
        return found

    def back(self, mark: int) -> dict[K, V | None]:
        """Goes back to a mark; the keys that were changed since, with what they had now."""
        found: dict[K, V | None] = {}
        while len(self._log) > mark:
            key, value = self._log.pop()
            found.setdefault(key, self._held.get(key))
            if value is None:
                self._held.pop(key, None)
            else:
                self._held[key] = value
        return found

    def __iter__(self) -> Iterator[K]:
        return iter(self._held)
