"""Runs from beginning to end: a new one, or one that goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
from flax import nnx

from cnndsl.training.checkpoints import LAST, Checkpoints, Restored
from cnndsl.training.devices import devices, everywhere, is_first
from cnndsl.training.errors import TrainingError
from cnndsl.training.loop import Result, Watcher, train
from cnndsl.training.prepare import Prepared, prepare, prepare_again
from cnndsl.training.progress import Silent
from cnndsl.training.report import write_report
from cnndsl.training.run import WEIGHTS, Run, new_run, open_run
from cnndsl.training.settings import Settings, settings_from
from cnndsl.training.state import Leaves

Say = Callable[[str], None]
Watch = Callable[[Prepared, Run, int], Watcher]


@dataclass(frozen=True)
class Finished:
    """A run that is over: its folder, the best network, and what the loop gave."""

    run: Run
    model: nnx.Module
    result: Result

    @property
    def accuracy(self) -> float:
        """On the held-out images, of the best epoch."""
        return float(self.result.best["held-out accuracy"])


def fit(
    settings: Settings,
    folder: Path | None = None,
    say: Say = lambda line: None,
    watch: Watch = lambda prepared, run, first: Silent(),
) -> Finished:
    """Trains a network in a new run folder.

    Args:
      folder: of the run; without one the next free folder of `runs/`.
      say: is told what was decided, a line at a time.
      watch: makes whoever shows how the run goes on, from the step that it begins with.

    Raises:
      TrainingError: if what the settings say does not go together, or training fails.
      CompileError: if the spec is wrong.
    """
    prepared = prepare(settings, devices(settings.fsdp))
    run = _shared(lambda: new_run(folder, prepared.definition, prepared.facts), folder)
    for note in _introduction(prepared, run):
        say(note)
    return _go(prepared, run, prepared.program.start(), 0, None, say, watch)


def resume(
    folder: Path,
    model: str | None = None,
    say: Say = lambda line: None,
    watch: Watch = lambda prepared, run, first: Silent(),
) -> Finished:
    """Goes on with a run from its last checkpoint that is whole, as if nothing had happened.

    Raises:
      TrainingError: if there is no such run, or it cannot go on.
    """
    run = open_run(folder, model)
    settings = settings_from(run.facts["settings"])
    prepared = prepare_again(run.definition(), settings, run.facts, devices(settings.fsdp))
    checkpoints = Checkpoints(run.checkpoints)
    restored = checkpoints.restore(LAST, prepared.program)
    for message in restored.damaged if restored else ():
        say(message)
    step = restored.step if restored else 0
    checkpoints.forget_after(step)
    checkpoints.close()
    if is_first():
        run.forget_after(step)
    say(f"{folder}: {run.model} goes on after step {step} of {prepared.steps}")
    leaves = restored.leaves if restored else prepared.program.start()
    return _go(prepared, run, leaves, step, restored, say, watch)


def restore_best(run: Run, program_of: Prepared, say: Say) -> Leaves:
    """The state of the best epoch of a run.

    Raises:
      TrainingError: if there is none.
    """
    checkpoints = Checkpoints(run.checkpoints)
    restored = checkpoints.restore_best(program_of.program)
    checkpoints.close()
    if restored is None:
        raise TrainingError(f"{run.folder} has no checkpoint", "its first epoch has not ended")
    for message in restored.damaged:
        say(message)
    return restored.leaves


def _go(
    prepared: Prepared,
    run: Run,
    leaves: Leaves,
    step: int,
    restored: Restored | None,
    say: Say,
    watch: Watch,
) -> Finished:
    checkpoints = Checkpoints(run.checkpoints)
    watcher = watch(prepared, run, step)
    notes: Mapping[str, Any] = restored.notes if restored else {"best": None, "sums": (0.0, 0.0)}
    try:
        result = train(
            prepared, run, checkpoints, watcher, leaves, step, notes["best"], notes["sums"]
        )
    finally:
        watcher.close()
        checkpoints.close()
    for name in prepared.feed.unreadable:
        say(f"left out, since it cannot be read: {name}")
    model = prepared.program.network(restore_best(run, prepared, say))
    if is_first():
        from cnndsl.weights import save

        save(model, run.folder / WEIGHTS)
        write_report(run, prepared, result)
    return Finished(run, model, result)


def _introduction(prepared: Prepared, run: Run) -> list[str]:
    definition, facts = prepared.definition, prepared.facts
    count = facts["images"]
    device = jax.devices()[0]
    many = f"{prepared.program.devices.count} x " * (prepared.program.devices.count > 1)
    return [
        f"{definition.model}: {prepared.settings.data}, {count['train']:,} images to learn from, "
        f"{count['held out']:,} held out, {len(prepared.classes)} classes",
        *prepared.notes,
        f"recipe: {_epochs(definition.recipe.EPOCHS)}, batches of "
        f"{definition.recipe.BATCH_SIZE} ({definition.recipe_origin})",
        f"on {many}{device.device_kind}, into {run.folder}",
    ]


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"


def _shared(make: Callable[[], Run], folder: Path | None) -> Run:
    """The run folder, which the first process makes for all of them."""
    if jax.process_count() == 1:
        return make()
    if folder is None:
        raise TrainingError("several processes need one folder", "name it with -o")
    failed: TrainingError | None = None
    run: Run | None = None
    try:
        run = make() if is_first() else None
    except TrainingError as error:
        failed = error
    if not everywhere(failed is None):  # the others would wait for it
        raise failed or TrainingError(f"the first process cannot begin in {folder}")
    return run or open_run(folder)
