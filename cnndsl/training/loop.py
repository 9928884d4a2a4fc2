"""The loop: epochs of steps, a verdict after each, and a checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from cnndsl.training.checkpoints import BEST, LAST, Checkpoints, finite
from cnndsl.training.data.source import listed
from cnndsl.training.devices import everywhere, is_first
from cnndsl.training.errors import TrainingError
from cnndsl.training.input import loops_well
from cnndsl.training.judge import Verdict, judge
from cnndsl.training.prepare import Prepared
from cnndsl.training.run import Run
from cnndsl.training.state import Leaves, Metrics

TOGETHER = 32  # steps in one compiled loop
APART = 8  # steps between two looks at the loss, where each is a call


class Watcher(Protocol):
    """Whoever shows how a run goes on. Lines are those of metrics.jsonl."""

    def steps(self, line: dict[str, Any]) -> None: ...

    def judging(self, images: int, of: int) -> None: ...

    def epoch(self, line: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class Result:
    """A finished run: the state after its last step, the last verdict and the best accuracy."""

    leaves: Leaves
    verdict: Verdict
    best: dict[str, Any]


def train(
    prepared: Prepared,
    run: Run,
    checkpoints: Checkpoints,
    watcher: Watcher,
    leaves: Leaves,
    first: int = 0,
    best: dict[str, Any] | None = None,
    sums: Sequence[float] = (0.0, 0.0),
) -> Result:
    """Runs the steps from `first` on, with the state before it.

    Args:
      best: the line of the best epoch so far.
      sums: of the losses and accuracies of the steps before, in an epoch that had begun.

    Every few steps and after every epoch a line goes to metrics.jsonl and to the watcher.

    Raises:
      TrainingError: if the loss is no number any more, or the run folder cannot be written.
    """
    program, per_epoch = prepared.program, prepared.steps_per_epoch
    batch = prepared.definition.recipe.BATCH_SIZE
    verdict: Verdict | None = None
    done, start = first, time.perf_counter()
    totals = np.array(sums)
    while done < prepared.steps or verdict is None:
        epoch = done // per_epoch
        end = min((epoch + 1) * per_epoch, _grid(done + 1), prepared.steps)
        if done < end:
            before = time.perf_counter()
            leaves, metrics = prepared.feed.run(program, leaves, done, end)
            losses, accuracies = _numbers(metrics)
            _check_finite(losses, done, prepared, checkpoints)
            rate = batch * len(losses) / (time.perf_counter() - before)
            totals += losses.sum(), accuracies.sum()
            done = end
            line = {
                "kind": "steps",
                "step": done,
                "epoch": epoch + 1,
                "loss": float(losses.mean()),
                "accuracy": float(accuracies.mean()),
                "learning rate": program.rate(done - 1),
                "images per second": round(rate, 1),
            }
            _note(run, line)
            watcher.steps(line)
        if done % per_epoch and done < prepared.steps:
            if _due(prepared.settings.save_steps, done):
                _check_state(leaves, done, prepared, checkpoints)
                notes = {"best": best, "sums": totals.tolist()}
                checkpoints.save(LAST, program, leaves, done, notes)
            continue
        _check_state(leaves, done, prepared, checkpoints)
        verdict = judge(program, leaves, prepared.held_out, batch, watcher.judging)
        line = {
            "kind": "epoch",
            "step": done,
            "epoch": done // per_epoch,
            "loss": float(totals[0] / per_epoch),
            "accuracy": float(totals[1] / per_epoch),
            "held-out loss": verdict.loss,
            "held-out accuracy": verdict.accuracy,
            "held-out top 5": verdict.top5,
            "seconds": round(time.perf_counter() - start, 2),
        }
        if done == first:  # a run that had ended already
            return Result(leaves, verdict, best or line)
        better = best is None or verdict.accuracy > best["held-out accuracy"]
        best = line if better else best
        totals, start = np.zeros(2), time.perf_counter()
        _note(run, line)
        if better:
            checkpoints.save(BEST, program, leaves, done, {"best": best})
        checkpoints.save(LAST, program, leaves, done, {"best": best, "sums": totals.tolist()})
        watcher.epoch(line)
    checkpoints.finish()
    assert best is not None
    return Result(leaves, verdict, best)


def _grid(step: int) -> int:
    """The first step from `step` on at which a run of steps ends, wherever it began."""
    size = TOGETHER if loops_well() else APART
    return -(-step // size) * size


def _due(save_steps: int | None, done: int) -> bool:
    """Whether a checkpoint fell due in the run of steps that has ended."""
    if save_steps is None:
        return False
    size = TOGETHER if loops_well() else APART
    return done // save_steps > max(0, done - size) // save_steps


def _numbers(metrics: Sequence[Metrics]) -> tuple[np.ndarray, np.ndarray]:
    """Losses and accuracies by step."""
    losses = [np.atleast_1d(np.asarray(each.loss.addressable_data(0))) for each in metrics]
    accuracies = [np.atleast_1d(np.asarray(each.accuracy.addressable_data(0))) for each in metrics]
    return np.concatenate(losses), np.concatenate(accuracies)


def _check_finite(
    losses: np.ndarray, first: int, prepared: Prepared, checkpoints: Checkpoints
) -> None:
    """Raises `TrainingError` at the first step whose loss is no number."""
    if np.isfinite(losses).all():
        return
    step = first + int(np.flatnonzero(~np.isfinite(losses))[0])
    shown = "not a number" if math.isnan(losses[step - first]) else "infinite"
    raise _ended(f"the loss is {shown} at step {step + 1}", step, prepared, checkpoints)


def _check_state(leaves: Leaves, done: int, prepared: Prepared, checkpoints: Checkpoints) -> None:
    """Raises `TrainingError` where a step left something that is no number, which none shall keep.

    Its own loss was that of the parameters before it.
    """
    names = zip(prepared.program.names, leaves, strict=True)
    learned = {name: leaf for name, leaf in names if not name.startswith("optimizer")}
    broken = [name for name, leaf in learned.items() if not finite(leaf)]
    if everywhere(not broken):
        return
    what = listed([name.partition(".")[2] for name in broken], 2) or "part of the network"
    message = f"{what}: no number any more after step {done}"
    raise _ended(message, done - 1, prepared, checkpoints)


def _ended(message: str, step: int, prepared: Prepared, checkpoints: Checkpoints) -> TrainingError:
    """What to say of a run that a step ended, counted from 0."""
    checkpoints.finish()
    rate = prepared.program.rate(step)
    epoch = step // prepared.steps_per_epoch + 1
    known = checkpoints.steps(LAST)
    kept = (
        f"the checkpoint of step {known[0]} is kept" if known else "no checkpoint was written yet"
    )
    help = (
        f"lower the learning rate, which was {rate:.3g} there (--rate), or clip gradients (`clip`)"
    )
    return TrainingError(f"{message}, in epoch {epoch}; {kept}", help)


def _note(run: Run, line: dict[str, Any]) -> None:
    if is_first():
        run.append(line)
