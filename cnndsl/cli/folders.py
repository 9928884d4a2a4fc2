"""The specs of a call: files, and all of those in folders."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from cnndsl.cli.console import CallError

SUFFIX = ".cnn"


def spec_files(names: Sequence[str]) -> list[str]:
    """The names of a call with folders replaced by the specs below them, each once, in order.

    Raises:
      CallError: for a folder without specs.
    """
    found: dict[str, None] = {}
    for name in names:
        if not os.path.isdir(name):
            found[name] = None
            continue
        inside = specs_below(name)
        if not inside:
            raise CallError(f"there is no spec in {name}", f"specs are files ending in {SUFFIX}")
        found.update(dict.fromkeys(inside))
    return list(found)


def specs_below(folder: str) -> list[str]:
    """The specs in a folder and in those below it, in order; none where it is not there."""
    return sorted(_below(folder))


def _below(folder: str) -> Iterator[str]:
    """The specs in a folder and in those below it; hidden ones are left out."""
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if name.endswith(SUFFIX) and not name.startswith("."):
                yield os.path.join(path, name)
