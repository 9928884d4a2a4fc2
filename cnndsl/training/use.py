"""Trained networks in use: judged by other images, or asked about some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import nnx

from cnndsl.streams import rngs
from cnndsl.training.checkpoints import Checkpoints
from cnndsl.training.data import open_data
from cnndsl.training.data.fit import Fit, Fitted
from cnndsl.training.data.folder import read_image
from cnndsl.training.data.resident import Resident, decode
from cnndsl.training.data.source import Dataset, Unreadable, listed
from cnndsl.training.devices import devices
from cnndsl.training.errors import TrainingError
from cnndsl.training.judge import Verdict, judge
from cnndsl.training.normalise import restored
from cnndsl.training.prepare import build, fit_of
from cnndsl.training.run import Run, open_run
from cnndsl.training.settings import Settings, settings_from
from cnndsl.training.state import Leaves
from cnndsl.training.step import Program

BATCH = 256


@dataclass(frozen=True)
class Guess:
    """A class, and the probability that the network gives it."""

    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class Trained:
    """The best network of a run; `damaged` says which of its checkpoints were passed over."""

    run: Run
    classes: tuple[str, ...]
    fit: Fit
    program: Program
    leaves: Leaves
    damaged: tuple[str, ...] = ()

    @property
    def settings(self) -> Settings:
        return settings_from(self.run.facts["settings"])

    @cached_property
    def network(self) -> nnx.Module:
        """The network itself, which takes images as `normalise` of the program gives them."""
        return self.program.network(self.leaves)

    def judge(self, data: str | None = None) -> tuple[Verdict, Resident]:
        """What it says of the held-out images of `data`, or of all where those are not parted.

        Raises:
          TrainingError: if the data have classes that it does not know.
        """
        own = data in (None, self.settings.data)
        found = open_data(self.settings.data if data is None else data)
        source = found.held_out if own or found.whole is None else found.whole
        labels = self._labels(found)
        decoded = decode(Fitted(source, self.fit))
        images = Resident(decoded.images, labels[decoded.labels], decoded.names, decoded.unreadable)
        return judge(self.program, self.leaves, images, BATCH), images

    def predict(self, paths: Sequence[Path], most: int = 5) -> list[list[Guess]]:
        """The likeliest classes of each image file, the likeliest first.

        Raises:
          TrainingError: if one cannot be read, or has a size that the run refused.
        """
        images = np.stack([self._image(path) for path in paths])
        parts = [
            np.asarray(self.program.chances(self.leaves, jnp.asarray(images[i : i + BATCH])))
            for i in range(0, len(images), BATCH)
        ]
        return [self._guesses(row, most) for row in np.concatenate(parts)]

    def _image(self, path: Path) -> np.ndarray:
        try:
            return self.fit(read_image(path))
        except (Unreadable, ValueError) as error:
            raise TrainingError(f"{path} cannot be read: {error}") from None

    def _guesses(self, chances: np.ndarray, most: int) -> list[Guess]:
        order = np.argsort(-chances, kind="stable")[:most]
        return [Guess(self.name(int(i)), float(chances[i])) for i in order]

    def name(self, index: int) -> str:
        """Of a class; a network may have more outputs than its data had classes."""
        return self.classes[index] if index < len(self.classes) else str(index)

    def _labels(self, data: Dataset) -> np.ndarray:
        """Our label of each class of `data`, by its name."""
        unknown = sorted(set(data.classes) - set(self.classes))
        if unknown:
            message = f"{data.name} has classes that {self.run.folder} was not trained on"
            raise TrainingError(f"{message}: {listed(unknown)}")
        return np.array([self.classes.index(name) for name in data.classes], np.int32)


def trained(folder: Path) -> Trained:
    """The best network of a run folder. Its modules are imported: open only folders you trust.

    Raises:
      TrainingError: if it is no run folder, or has no checkpoint that is whole.
    """
    run = open_run(folder)
    definition, facts = run.definition(), run.facts
    settings = settings_from(facts["settings"])
    classes = tuple(facts["classes"])
    make = build(definition, settings.dtype)
    program = Program(
        nnx.eval_shape(lambda: make(rngs(0))),
        definition.recipe,
        restored(facts["normalise"]),
        facts["steps per epoch"],
        devices(settings.fsdp),
        settings.seed,
        settings.freeze,
    )
    checkpoints = Checkpoints(run.checkpoints)
    best = checkpoints.restore_best(program)
    checkpoints.close()
    if best is None:
        raise TrainingError(f"{folder} has no checkpoint yet", "its first epoch has not ended")
    return Trained(run, classes, fit_of(facts), program, best.leaves, best.damaged)
