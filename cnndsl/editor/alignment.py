"""Places of an older text in a newer one: what an analysis said, while the text has moved on."""

from __future__ import annotations


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with together."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


class Alignment:
    """Two texts that differ in one stretch, between what they begin and what they end with."""

    def __init__(self, old: str, new: str):
        self.shift = len(new) - len(old)
        self.prefix = _common(old, new)
        shorter = min(len(old), len(new)) - self.prefix
        suffix = _common(old[::-1], new[::-1]) if shorter else 0
        self.old_suffix = len(old) - min(suffix, shorter)  # where the common end begins

    def to_new(self, offset: int) -> int | None:
        """Where a place of the old text is now; None where it was changed."""
        if offset <= self.prefix:
            return offset
        return offset + self.shift if offset >= self.old_suffix else None

    def to_old(self, offset: int) -> int | None:
        """Where a place of the new text was; None where it was changed."""
        if offset <= self.prefix:
            return offset
        return offset - self.shift if offset >= self.old_suffix + self.shift else None

    def range_to_new(self, start: int, end: int) -> tuple[int, int] | None:
        """A stretch of the old text in the new one, in which nothing may have changed."""
        first, last = self.to_new(start), self.to_new(end)
        if first is None or last is None or last - first != end - start:
            return None
        return first, last
