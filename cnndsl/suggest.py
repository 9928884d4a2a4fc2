"""Did you mean …?"""

from __future__ import annotations

from collections.abc import Iterable


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like `word`, or None where none is like it."""
    from difflib import get_close_matches  # slow to import, and only errors need it

    found = get_close_matches(word[:60], sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    found = closest(word, known)
    return f"did you mean `{found}`?" if found else None
