"""What the settings of a recipe must be to each other, and to the network's images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cnndsl.ops.base import Shape, rank_of
from cnndsl.ops.ranks import NAMES
from cnndsl.recipes.recipe import Choice, Recipe


@dataclass(frozen=True)
class Problem:
    """Why a setting, or what it names, does not fit the others."""

    at: str  # "weight_decay", "cosine"
    message: str
    help: str | None = None


def check_whole(recipe: Recipe, image: Shape | None) -> Iterator[Problem]:
    """What does not fit; `image` is the shape of the network's input, None if unknown."""
    yield from _schedule(recipe)
    yield from _decay(recipe)
    for choice in recipe.augment:
        yield from _augmentation(choice, image)


def _schedule(recipe: Recipe) -> Iterator[Problem]:
    args, epochs = recipe.schedule.args, recipe.epochs
    warmup, every, at = args.get("warmup") or 0, args.get("every"), args.get("at")
    if isinstance(warmup, (int, float)) and warmup >= epochs:
        message = f"the rate still rises when the run ends: `warmup` is {warmup:g} epochs "
        yield Problem(recipe.schedule.name, f"{message}of {epochs}")
    if recipe.schedule.name == "step":
        if (every is None) == (at is None):
            help = "step(peak = 0.1, at = [30, 60], factor = 0.1)"
            yield Problem(recipe.schedule.name, "`step` has either `every` or `at`", help)
        factor = args["factor"]
        if isinstance(factor, tuple) and (not isinstance(at, tuple) or len(at) != len(factor)):
            message = f"`factor` has {len(factor)} numbers: `at` has as many epochs"
            yield Problem(recipe.schedule.name, message)
    if isinstance(at, tuple) and at[-1] >= epochs:
        message = f"a change at epoch {at[-1]:g} would come after the end: there are {epochs}"
        yield Problem(recipe.schedule.name, message)


def _decay(recipe: Recipe) -> Iterator[Problem]:
    if recipe.weight_decay is not None and "weight_decay" in recipe.optimizer.said:
        message = f"`weight_decay` is set twice: `{recipe.optimizer.name}` has it as an argument"
        yield Problem("weight_decay", message, "leave one of them out")


def _augmentation(choice: Choice, image: Shape | None) -> Iterator[Problem]:
    if choice.name == "crop" and not choice.said.keys() & {"pad", "size"}:
        help = "crop(pad = 4), or crop(size = 224)"
        yield Problem(choice.name, "`crop` needs `pad`, `size` or both", help)
    if choice.name == "crop" and choice.args["reflect"] and choice.args["pad"] is None:
        yield Problem(
            choice.name, "`crop` reflects only what `pad` adds", "crop(4, reflect = true)"
        )
    if image is None:
        return
    if len(image) != 3:
        what = NAMES[rank_of(image)]
        yield Problem(choice.name, f"only images are augmented, and the network's input is {what}")
    elif choice.definition.takes and image[-1] not in choice.definition.takes:
        message = f"`{choice.name}` changes colours: its images have 3 channels, not {image[-1]}"
        yield Problem(choice.name, message)
