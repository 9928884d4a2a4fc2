"""Recipes with other settings than the spec's: of fewer epochs, of other batches or rates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

from cnndsl.pipeline import check_source
from cnndsl.recipes.recipe import Choice, Recipe
from cnndsl.source import Source

# How a network is trained whose spec does not say.
DEFAULT = """\
# Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019 (arXiv:1711.05101).
train {
  optimizer adamw
  schedule cosine(peak = 1e-3, warmup = 1)
  epochs 10
  batch 64
  weight_decay 1e-4
  label_smoothing 0.1
  clip 1.0
}
"""
_IN_EPOCHS = ("warmup", "every", "at")  # arguments of schedules


@dataclass(frozen=True)
class Changes:
    """What a run has in place of its recipe's settings; None for what stays.

    Attributes:
      epochs: passes over the data. All that the recipe says in epochs is stretched with them.
      batch: images per step.
      rate: the highest learning rate.
    """

    epochs: int | None = None
    batch: int | None = None
    rate: float | None = None

    def said(self) -> str:
        """`3 epochs, batches of 64`; empty where nothing is changed."""
        parts = []
        if self.epochs is not None:
            parts.append(f"{self.epochs} epoch{'s' * (self.epochs != 1)}")
        if self.batch is not None:
            parts.append(f"batches of {self.batch}")
        if self.rate is not None:
            parts.append(f"a rate of {self.rate:g}")
        return ", ".join(parts)

    def of(self, recipe: Recipe) -> Recipe:
        """A recipe with the changes."""
        schedule, epochs = recipe.schedule, recipe.epochs
        if self.epochs is not None:
            schedule, epochs = _stretched(schedule, self.epochs / epochs), self.epochs
        if self.rate is not None:
            schedule = replace(schedule, args={**schedule.args, "peak": self.rate})
        return replace(recipe, schedule=schedule, epochs=epochs, batch=self.batch or recipe.batch)


@cache
def default() -> Recipe:
    """The recipe of a network whose spec has none."""
    text = f"model Default {{\ninput 8x8x1\nflatten -> dense(2)\n{DEFAULT}}}\n"
    (network,) = check_source(Source("default.cnn", text)).networks
    if network.recipe is None:
        raise AssertionError("the default recipe is one")
    return network.recipe


def _stretched(schedule: Choice, by: float) -> Choice:
    return replace(
        schedule,
        args={n: _times(v, by) if n in _IN_EPOCHS else v for n, v in schedule.args.items()},
    )


def _times(value: object, by: float) -> object:
    if isinstance(value, tuple):
        return tuple(_times(item, by) for item in value)
    return round(value * by, 6) if isinstance(value, int | float) else value
