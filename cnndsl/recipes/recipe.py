"""A recipe as checked: which optimizer, which schedule, and the settings, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnndsl.recipes.tables import Definition

if TYPE_CHECKING:
    from cnndsl.plain import Json


@dataclass(frozen=True)
class Choice:
    """An optimizer, a schedule, a loss or an augmentation with its arguments.

    `args` has the normal form of every argument; `said` those that the author gave, as written.
    """

    definition: Definition
    args: Mapping[str, object]
    said: Mapping[str, Json]

    @property
    def name(self) -> str:
        return self.definition.name

    @property
    def changed(self) -> dict[str, object]:
        """The arguments that differ from their defaults."""
        known = self.definition.arguments
        return {n: v for n, v in self.args.items() if v != known[n].default}

    def number(self, name: str) -> float:
        """An argument that is a number."""
        value = self.args[name]
        assert isinstance(value, (int, float)), name
        return value


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; None and () for what a recipe does not say.

    `rates` has, by stage, what the learning rate is multiplied by there; `comment` is what the
    author wrote above it.
    """

    optimizer: Choice
    schedule: Choice
    epochs: int
    batch: int
    loss: Choice
    augment: tuple[Choice, ...] = ()
    weight_decay: float | None = None
    label_smoothing: float | None = None
    clip: float | None = None
    ema: float | None = None
    rates: tuple[tuple[str, float], ...] = ()
    comment: str = ""
