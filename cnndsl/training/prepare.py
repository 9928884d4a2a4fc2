"""All that a run needs, from its settings: checked before anything is compiled for devices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from cnndsl.summary import shape_text
from cnndsl.training.changes import Changes
from cnndsl.training.create import create
from cnndsl.training.data import Dataset, open_data
from cnndsl.training.data.fit import Fit, Fitted, plan
from cnndsl.training.data.resident import (
    Resident,
    check_classes,
    decode,
    size_of,
    statistics,
)
from cnndsl.training.data.source import Shape, Subset
from cnndsl.training.define import Chosen, choose, define, layers_of_stages
from cnndsl.training.definition import Definition
from cnndsl.training.devices import Devices
from cnndsl.training.errors import TrainingError
from cnndsl.training.frozen import check_prefixes
from cnndsl.training.input import Feed, ResidentFeed, StreamedFeed, room
from cnndsl.training.normalise import Normalise, published, restored
from cnndsl.training.order import Order
from cnndsl.training.recipe import Recipe
from cnndsl.training.settings import Settings
from cnndsl.training.step import Program

SAMPLE = 2_000  # images that tell mean and deviation where not all are decoded


@dataclass(frozen=True)
class Prepared:
    """A run before its first step.

    Attributes:
      held_out: the images by which it is judged.
      notes: what was decided, for the user to read.
      facts: what the run folder keeps, beside the definition.
    """

    definition: Definition
    settings: Settings
    classes: tuple[str, ...]
    program: Program
    feed: Feed
    held_out: Resident
    notes: tuple[str, ...]
    facts: Mapping[str, Any]

    @property
    def steps_per_epoch(self) -> int:
        return self.program.steps_per_epoch

    @property
    def steps(self) -> int:
        """Of the whole run."""
        return self.definition.recipe.EPOCHS * self.steps_per_epoch


def prepare(settings: Settings, devices: Devices) -> Prepared:
    """A new run.

    Raises:
      TrainingError: if data, network and settings do not go together.
      CompileError: if the spec is wrong.
    """
    chosen = choose(settings.spec, settings.model, settings.values)
    _check_network(chosen)
    data = open_data(settings.data)
    _check_outputs(chosen, data)
    if settings.freeze:
        settings = replace(settings, freeze=layers_of_stages(chosen, settings.freeze))
    changes = Changes(settings.epochs, settings.batch, settings.rate)
    definition = define(chosen, len(data.classes), changes)
    margin = takes_larger(definition.recipe, chosen.input_shape)
    fit, notes = plan(data, chosen.input_shape, settings.fit, definition.preprocess, margin)
    return _prepared(definition, settings, data, fit, None, devices, (*data.notes, *notes))


def prepare_again(
    definition: Definition, settings: Settings, facts: Mapping[str, Any], devices: Devices
) -> Prepared:
    """A run that goes on, with what its folder holds.

    Raises:
      TrainingError: if its data are not there, or are others now.
    """
    data = open_data(settings.data)
    normalise = restored(facts["normalise"])
    prepared = _prepared(definition, settings, data, fit_of(facts), normalise, devices, ())
    for name in ("images", "classes"):
        now, then = prepared.facts[name], facts[name]
        if now != then:
            message = f"the data have changed: {name} {_short(now)}, were {_short(then)}"
            raise TrainingError(message, "a run goes on with the data that it began with")
    return prepared


def fit_of(facts: Mapping[str, Any]) -> Fit:
    """How the images of a run were made to fit."""
    known = facts["fit"]
    height, width, channels = known["shape"]
    shape = height, width, channels
    return Fit(shape, known["how"], known["shorter"], known["interpolation"])


def takes_larger(recipe: Recipe, shape: Shape) -> bool:
    """Whether the recipe's augmentation cuts images of the network's size out of larger ones."""
    height, width, channels = shape
    larger = jax.ShapeDtypeStruct((2, height + 8, width + 8, channels), jnp.float32)
    labels = jax.ShapeDtypeStruct((2,), jnp.int32)
    key = jax.eval_shape(lambda: jax.random.key(0))
    images, _ = jax.eval_shape(recipe.augment, larger, labels, key)
    return images.shape[1:] == shape


def build(definition: Definition, dtype: str) -> Callable[[nnx.Rngs], nnx.Module]:
    """The constructor of a network, which computes in `dtype`."""
    if dtype == "float32":
        return definition.build()
    return definition.build(dtype=jnp.dtype(dtype))


def load_weights(model: nnx.Module, path: str, new_head: bool) -> str:
    """Fills a network from a file, the last layer too if it fits and is not to be new.

    Gives what was done, to say.

    Raises:
      WeightsError: if the file does not fit.
    """
    from cnndsl import weights

    kept = f"begins with the weights of {path}; the last layer is new"
    if new_head:
        weights.load(model, path, skip_head=True)
        return kept
    try:
        weights.load(model, path)
        return f"begins with all weights of {path}"
    except weights.WeightsError as first:
        try:
            weights.load(model, path, skip_head=True)
        except weights.WeightsError:
            raise first from None
        return kept


def _prepared(
    definition: Definition,
    settings: Settings,
    data: Dataset,
    fit: Fit,
    normalise: Normalise | None,
    devices: Devices,
    notes: tuple[str, ...],
) -> Prepared:
    recipe = definition.recipe
    train, held_out = Fitted(data.train, fit), Fitted(data.held_out, fit)
    check_classes(train.labels, data.classes, "to train with")
    devices.check_batch(recipe.BATCH_SIZE, settings.accumulate)
    stays = settings.memory == "resident" or (
        settings.memory == "auto" and size_of(train) <= room()
    )
    resident = decode(train) if stays else None
    count = len(resident.labels if resident else train.labels)
    order = Order(count, recipe.BATCH_SIZE, settings.seed)
    unreadable: list[str] = []
    feed: Feed
    if resident is not None:
        unreadable += resident.unreadable
        feed = ResidentFeed(resident, order, devices, unreadable)
    else:
        feed = StreamedFeed(train, order, devices, settings.workers)
    judged_by = decode(held_out)
    unreadable += judged_by.unreadable
    if normalise is None:
        normalise, said = _normalise(definition, train, resident)
        notes += said
    model = create(build(definition, settings.dtype), settings.seed)
    if settings.weights is not None:
        notes += (load_weights(model, settings.weights, settings.new_head),)
    check_prefixes(model, settings.freeze)
    program = Program(
        model,
        recipe,
        normalise,
        order.steps_per_epoch,
        devices,
        settings.seed,
        settings.freeze,
        settings.accumulate,
    )
    facts = {
        "settings": settings.plain(),
        "classes": list(data.classes),
        "images": {"train": count, "held out": len(judged_by.labels)},
        "fit": {
            "shape": list(fit.shape),
            "how": fit.how,
            "shorter": fit.shorter,
            "interpolation": fit.interpolation,
        },
        "normalise": normalise.settings(),
        "steps per epoch": order.steps_per_epoch,
        "recipe": definition.recipe_origin,
    }
    return Prepared(definition, settings, data.classes, program, feed, judged_by, notes, facts)


def _normalise(
    definition: Definition, train: Fitted, resident: Resident | None
) -> tuple[Normalise, tuple[str, ...]]:
    """What the spec publishes; else mean and deviation of the images."""
    shape = definition.input_shape
    if definition.preprocess is not None:
        return published(definition.preprocess, shape), ()
    if resident is None:
        indices = _sample(len(train.labels))
        resident = decode(Fitted(Subset(train.source, indices), train.fit))
    mean, std = statistics(resident.images)
    note = "the spec has no `preprocess`: images are normalised by their own mean and deviation"
    return Normalise(shape, tuple(mean), tuple(std)), (note,)


def _sample(count: int) -> np.ndarray:
    """The indices of some images of many, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(np.int64))


def _check_network(chosen: Chosen) -> None:
    """Raises `TrainingError` for a network that is no classifier of one image."""
    network = chosen.network
    results = {name: network.endpoints[name].shape for name in network.outputs}
    wrong = None
    if len(network.received) > 1:
        wrong = f"{network.name} has {len(network.received)} inputs: {', '.join(network.received)}"
    elif len(results) > 1:
        wrong = f"{network.name} has {len(results)} outputs: {', '.join(results)}"
    elif len(network.output.shape) != 1:
        wrong = f"{network.name} gives {shape_text(network.output.shape)}, not one score per class"
    if wrong is not None:
        help = "`cnndsl train` trains classifiers: compile it, and train it in a loop of your own"
        raise TrainingError(wrong, help)


def _check_outputs(chosen: Chosen, data: Dataset) -> None:
    """Raises `TrainingError` where the network cannot tell apart as many classes as there are."""
    count = len(data.classes)
    name = chosen.network.name
    given = "classes" in chosen.values
    if (chosen.follows and not given) or count == chosen.outputs:
        return
    if given and count < chosen.outputs:
        return
    message = f"{data.name} has {count} classes, {name} {chosen.outputs} outputs"
    help = "leave out --set classes: it follows the data" if given else None
    raise TrainingError(message, help or f"{name} has no parameter `classes` that could follow")


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
