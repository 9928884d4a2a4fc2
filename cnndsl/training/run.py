"""The folder of a run, which explains itself.

```text
run.json              settings, data, what images go through, versions, devices, seed
spec.cnn              the spec
network.py            the module that it compiled to, for the classes of the data
recipe.py             the recipe, with the settings that the run had
metrics.jsonl         a line for every few steps and for every epoch
checkpoints/          the last two and the best
best.safetensors      the weights of the best, for `cnndsl.weights.load`
curves.png, report.html
```
"""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import jax

from cnndsl._version import __version__
from cnndsl.files import reason
from cnndsl.training.definition import Definition
from cnndsl.training.errors import TrainingError
from cnndsl.writing import Unwritable, write_all

RUNS = Path("runs")
FACTS, SPEC, NETWORK, RECIPE = "run.json", "spec.cnn", "network.py", "recipe.py"
METRICS, CHECKPOINTS, WEIGHTS = "metrics.jsonl", "checkpoints", "best.safetensors"
_PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "grain", "numpy", "pillow")


@dataclass(frozen=True)
class Run:
    """A run folder that exists. `facts` is what its run.json says."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def checkpoints(self) -> Path:
        return self.folder / CHECKPOINTS

    @property
    def model(self) -> str:
        return str(self.facts["model"])

    def definition(self) -> Definition:
        """The network and the recipe of the run, as they were compiled then.

        Raises:
          TrainingError: if a file of it is missing.
        """
        try:
            spec, code, recipe = (
                (self.folder / name).read_text(encoding="utf-8") for name in (SPEC, NETWORK, RECIPE)
            )
        except (OSError, UnicodeDecodeError) as error:
            raise TrainingError(f"{self.folder} is no whole run folder: {error}") from None
        return Definition(self.model, spec, code, recipe, f"{self.folder / RECIPE}")

    def append(self, line: Mapping[str, Any]) -> None:
        """A line of metrics.jsonl, on the disk when this returns.

        Raises:
          TrainingError: if it cannot be written.
        """
        path = self.folder / METRICS
        try:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise TrainingError(f"cannot write {path}: {reason(error)}") from None

    def metrics(self) -> list[dict[str, Any]]:
        """The lines so far; one that a killed run left half written does not count."""
        lines = []
        try:
            text = (self.folder / METRICS).read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        for line in text.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                break
        return lines

    def forget_after(self, step: int) -> None:
        """Drops the lines of later steps, which will be written again."""
        kept = [json.dumps(line) + "\n" for line in self.metrics() if line["step"] <= step]
        self.write({METRICS: "".join(kept)})

    def write(self, texts: Mapping[str, str]) -> None:
        """Files of the run, each whole.

        Raises:
          TrainingError: if one cannot be written.
        """
        try:
            write_all({self.folder / name: text for name, text in texts.items()})
        except Unwritable as error:
            raise TrainingError(str(error)) from None


def new_run(folder: Path | None, definition: Definition, facts: Mapping[str, Any]) -> Run:
    """A new run folder: `folder`, or the next free one of `runs/`.

    Raises:
      TrainingError: if there is something in it already, or it cannot be made.
    """
    folder = _next(definition.model) if folder is None else folder
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            help = f"`cnndsl train --resume {folder}` goes on with it; -o names another folder"
            raise TrainingError(f"{folder} is not empty", help)
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrainingError(f"cannot make {folder}: {reason(error)}") from None
    run = Run(folder, {"model": definition.model, **facts, "made with": versions()})
    files = {SPEC: definition.spec, NETWORK: definition.code, RECIPE: definition.recipe_code}
    run.write({FACTS: json.dumps(run.facts, indent=2) + "\n", **files})
    return run


def open_run(folder: Path, model: str | None = None) -> Run:
    """A run folder that is there.

    Raises:
      TrainingError: if it is none, or the run was of another network than `model`.
    """
    path = folder / FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        known = str(facts["model"])
    except (OSError, ValueError, KeyError, TypeError):
        help = "a run folder is what `cnndsl train` writes, such as runs/lenet5relu-1"
        raise TrainingError(f"{folder} is no run folder: it has no {FACTS}", help) from None
    if model not in (None, known):
        help = "name that network, or another folder"
        raise TrainingError(f"{folder} is a run of {known}, not of {model}", help)
    return Run(folder, facts)


def _next(model: str) -> Path:
    number = 1
    while (folder := RUNS / f"{model.lower()}-{number}").exists():
        number += 1
    return folder


def versions() -> dict[str, Any]:
    """What a run was made with: versions, devices, and the command."""
    found = {"cnndsl": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "versions": found,
        "devices": [f"{d.platform} {d.device_kind}" for d in jax.devices()],
        "processes": jax.process_count(),
        "command": " ".join([_program(), *sys.argv[1:]]),
    }


def _program() -> str:
    """What the user called: a module's name, where Python knows only its file."""
    name = os.path.basename(sys.argv[0])
    return "cnndsl" if name == "__main__.py" else name
