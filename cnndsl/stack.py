"""Room for recursion over what nests deeply."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_STACK = 40_000  # nesting of 1,000 takes about twenty Python frames a level


def deepen() -> None:
    """Room for the whole process, so that threads do not take it from each other."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), _STACK))


@contextmanager
def deep_stack() -> Iterator[None]:
    """Room for the nesting that a spec may have; Python's frames are not C's."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _STACK))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
