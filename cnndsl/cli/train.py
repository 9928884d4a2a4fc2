"""`cnndsl train`: from a spec and images to a network that knows them."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cnndsl.cli.console import CallError, Console
from cnndsl.cli.reading import read_overrides
from cnndsl.diagnostics import CompileError
from cnndsl.loading import WHERE, NoSuchLayers

if TYPE_CHECKING:
    from cnndsl.training import Finished
    from cnndsl.training.loop import Watcher
    from cnndsl.training.prepare import Prepared
    from cnndsl.training.run import Run

INSTALL = "pip install 'cnndsl[train]'"
# What a run keeps; with --resume they cannot be said again.
_KEPT: dict[str, object] = {
    "data": "digits",
    "fit": "resize",
    "output": None,
    "epochs": None,
    "batch": None,
    "rate": None,
    "seed": 0,
    "dtype": "float32",
    "accumulate": 1,
    "weights": None,
    "new_head": False,
    "freeze": [],
    "memory": "auto",
    "workers": 0,
    "save_steps": None,
    "fsdp": False,
    "set": [],
}


class Failed(Exception):
    """What stands in the way was said; ends the command with exit code 1."""


def run(arguments: Namespace, console: Console) -> int:
    if arguments.resume is None and arguments.spec is None:
        raise CallError("what to train? name a spec or a model", "`cnndsl list` lists the zoo")
    if arguments.resume is not None:
        _check_resumed(arguments)
    settings = None if arguments.resume is not None else _settings(arguments)
    try:
        with failing(console, "train"):
            return _train(arguments, settings, console)
    except Failed:
        return 1


@contextmanager
def failing(console: Console, command: str) -> Iterator[None]:
    """Says what the libraries of training say is wrong.

    Raises:
      Failed: after it was said.
      CallError: if they are not installed.
    """
    try:
        from cnndsl.training.errors import TrainingError
        from cnndsl.weights.errors import WeightsError
    except ModuleNotFoundError as error:
        raise missing(error, command) from None
    try:
        yield
    except ModuleNotFoundError as error:
        raise missing(error, command) from None
    except CompileError as error:
        console.diagnostics(error.diagnostics)
        raise Failed from None
    except (TrainingError, WeightsError) as error:
        console.fail(str(error), error.help)
        raise Failed from None


def missing(error: ModuleNotFoundError, command: str) -> CallError:
    if isinstance(error, NoSuchLayers):
        return CallError(str(error), WHERE)
    return CallError(f"`cnndsl {command}` needs {error.name}: it is not installed", INSTALL)


def _settings(arguments: Namespace) -> dict[str, object]:
    return {
        "spec": arguments.spec,
        "model": arguments.model,
        "values": read_overrides(arguments.set),
        "data": arguments.data,
        "fit": arguments.fit,
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "batch": arguments.batch,
        "rate": arguments.rate,
        "dtype": arguments.dtype,
        "accumulate": arguments.accumulate,
        "fsdp": arguments.fsdp,
        "weights": arguments.weights,
        "new_head": arguments.new_head,
        "freeze": tuple(arguments.freeze),
        "memory": arguments.memory,
        "workers": arguments.workers,
        "save_steps": arguments.save_steps,
    }


def _check_resumed(arguments: Namespace) -> None:
    """Raises `CallError` where --resume stands with what the run has settled."""
    for name, default in _KEPT.items():
        if getattr(arguments, name) != default:
            option = f"--{name.replace('_', '-')}"
            help = "a run goes on as it began; leave that out"
            raise CallError(f"--resume and {option} do not go together", help)


def _train(arguments: Namespace, settings: dict[str, object] | None, console: Console) -> int:
    from cnndsl.training.devices import is_first, join

    join(arguments.coordinator, arguments.process)
    from cnndsl.training import Settings, fit, resume

    quiet = arguments.json or not is_first()

    def say(text: str) -> None:
        if not quiet:
            console.line(text)
            sys.stdout.flush()

    def watch(prepared: Prepared, run: Run, first: int) -> Watcher:
        return _watcher(arguments, console, prepared, run, first)

    if settings is None:
        finished = resume(Path(arguments.resume), arguments.model or _model(arguments), say, watch)
    else:
        folder = Path(arguments.output) if arguments.output else None
        finished = fit(Settings(**settings), folder, say, watch)  # type: ignore[arg-type]
    if is_first():
        _conclude(finished, arguments, console)
    return 0


def _model(arguments: Namespace) -> str | None:
    """The model that the call names; a spec may have several."""
    spec: str | None = arguments.spec
    return spec if spec is not None and spec.isidentifier() else None


def _watcher(
    arguments: Namespace, console: Console, prepared: Prepared, run: Run, first: int
) -> Watcher:
    from cnndsl.training.devices import is_first
    from cnndsl.training.progress import Bars, JsonLines, Lines, Silent

    def write(text: str) -> None:
        console.line(text)
        sys.stdout.flush()

    epochs, per_epoch = prepared.definition.recipe.EPOCHS, prepared.steps_per_epoch
    watcher: Watcher
    if not is_first():
        return Silent()
    if arguments.json:
        watcher = JsonLines(write)
    elif console.colored(sys.stdout) and sys.stdout.isatty():
        from rich.console import Console as Terminal

        watcher = Bars(Terminal(file=sys.stdout, highlight=False), epochs, per_epoch, first)
    else:
        watcher = Lines(write, epochs, prepared.steps)
    if not arguments.tensorboard:
        return watcher
    from cnndsl.training.tensorboard import TensorBoard

    return TensorBoard(run.folder, watcher)


def _conclude(finished: Finished, arguments: Namespace, console: Console) -> None:
    best, folder = finished.result.best, finished.run.folder
    if arguments.json:
        console.line(json.dumps({"kind": "end", "run": str(folder), "best": best}))
        return
    accuracy, epoch = best["held-out accuracy"], best["epoch"]
    console.line(f"best: {100 * accuracy:.2f} % of the held-out images, in epoch {epoch}")
    console.line(f"{folder}/report.html shows the run; `cnndsl predict {folder} IMAGE` uses it")
