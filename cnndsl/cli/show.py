"""`cnndsl show`: a spec of the zoo, as it was written."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from cnndsl.cli.console import CallError, Console
from cnndsl.suggest import ONCE, did_you_mean


def run(arguments: Namespace, console: Console) -> int:
    console.line(zoo_path(arguments.name).read_text(encoding="utf-8").rstrip("\n"))
    return 0


def zoo_path(name: str) -> Path:
    """The spec of the zoo that a model or a file name stands for.

    Raises:
      CallError: if there is none.
    """
    from cnndsl.zoo.index import folder, list_models
    from cnndsl.zoo.specs import names

    specs = {entry.name: entry.spec for entry in list_models()}
    for spec in names():
        specs[spec] = specs[spec.removesuffix(".cnn")] = spec
    if name not in specs:
        help = did_you_mean(name, specs, ONCE) or "`cnndsl list` lists the models of the zoo"
        raise CallError(f"the zoo has no model and no spec `{name[:60]}`", help)
    return folder("specs") / specs[name]
