"""Whose figures and outputs the networks are held against: references.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

FILE = Path(__file__).with_name("references.toml")


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of some models.

    `reference` has the same parameter count; `outputs` is where a test compares logits with, or
    None. `paper` counts, from 1, the papers that their spec cites. `task` is what the networks
    are for, one of `cnndsl.tasks.TASKS`.
    """

    models: tuple[str, ...]
    reference: str
    outputs: str | None = None
    paper: int = 1
    task: str = "classification"


@dataclass(frozen=True, slots=True)
class References:
    entries: tuple[Reference, ...]

    @classmethod
    def read(cls) -> References:
        data = tomllib.loads(FILE.read_text(encoding="utf-8"))
        entries = ({**entry, "models": tuple(entry["models"])} for entry in data["entry"])
        return cls(tuple(Reference(**entry) for entry in entries))

    def of(self, model: str) -> Reference:
        """The first entry that fits.

        Raises:
          LookupError: if none does.
        """
        for entry in self.entries:
            if any(fnmatchcase(model, pattern) for pattern in entry.models):
                return entry
        raise LookupError(f"{FILE.name} says nothing about {model}")
