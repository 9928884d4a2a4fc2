"""Python's search for reference cycles, put off while nothing can be garbage."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Builds without being searched: trees and networks have few cycles, and all of it is needed.

    The search would take half of the time that a large spec takes.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def kept() -> Iterator[None]:
    """Leaves what there is out of searches: all of it is needed to the end."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def sweep() -> None:
    """Frees the cycles among what was made since."""
    gc.collect(0)
