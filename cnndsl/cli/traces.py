"""Which files a spec was made of, and how they were then."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnndsl.diagnostics import Diagnostic
from cnndsl.files import Files
from cnndsl.source import Source

if TYPE_CHECKING:
    from pathlib import Path

State = tuple[int, ...] | None  # of a file that is there; None where it is not
Trace = dict[str, State]  # by path, what a spec was read from, or looked for


def state(path: str) -> State:
    """What changes when a file does: whether by writing, replacing, moving or permitting it."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return None
    return seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


class TracedFiles(Files):
    """Like `Files`, but notes the state of each file before it is read."""

    def __init__(self, name: str, folder: str | None, trace: Trace):
        super().__init__(name, folder)
        self._trace = trace

    def open(self) -> tuple[Source | None, list[Diagnostic]]:
        self._note(self.name)
        return super().open()

    def load(self, path: str, source: Source) -> Source | str | list[Diagnostic]:
        # Not the real path: that a link leads elsewhere is a change too.
        self._note(os.path.join(self.above(source), path))
        return super().load(path, source)

    def _note(self, path: str) -> None:
        if path not in self._trace:
            self._trace[path] = state(path)


@dataclass
class Sitting:
    """What a command that watches keeps from one round to the next.

    `traces` are by spec; `modules` say which spec a file that was written is of.
    """

    traces: dict[str, Trace] = field(default_factory=dict)
    modules: dict[Path, str] = field(default_factory=dict)

    def written(self) -> dict[Path, str]:
        """The modules of specs that are still there."""
        return {path: spec for path, spec in self.modules.items() if spec in self.traces}
