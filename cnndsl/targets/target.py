"""What the pipeline asks of a target: a module from networks, what proves it, and its text."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from cnndsl.ops.spelled import show

if TYPE_CHECKING:
    from cnndsl.checked import Checked
    from cnndsl.elaborate.paths import Paths
    from cnndsl.ir import Network
    from cnndsl.targets.python.module_tree import Module


@dataclass(frozen=True)
class Origin:
    """Where a module comes from, as its header says it: the spec, and the command line that
    makes the module again."""

    spec: str
    command: str


def origin_of(
    checked: Checked, overrides: Mapping[str, object], model: str | None, output: str | None
) -> Origin:
    """The spec as the project knows it, and the command line of a compilation."""
    source = checked.source
    spec = PurePath(source.label or source.name).name if checked.model else source.label
    spec = spec or source.name
    asked = ["cnndsl", "compile", checked.model or spec]
    if model is not None:
        asked += ["--model", model]
    for name, value in overrides.items():
        if name == "input" and isinstance(value, list):
            asked += ["--input", "x".join(map(str, value))]
        else:
            asked += ["--set", f"{name}={show(value)}"]
    if output is not None:
        asked += ["-o", output]
    return Origin(spec, shlex.join(asked))


class Target(Protocol):
    """A language and a library that networks compile to."""

    def module(self, checked: Checked, origin: Origin) -> Module:
        """The module of a spec's networks; proven, or `Miscompiled`."""
        ...

    def text(self, module: Module) -> str:
        """What is written to a file."""
        ...

    def training(self, checked: Checked, origin: Origin, module: Module) -> str | None:
        """The text of a second module, which trains networks; None where none has a recipe.

        Args:
          module: that of the networks.
        """
        ...

    def paths(self, module: Module, networks: Sequence[Network]) -> Sequence[Paths]:
        """By network, what a module that is proven calls its layers and instances.

        What is left out has no name there.
        """
        ...


class Miscompiled(Exception):
    """A module that is not what was proven of its spec: a bug of cnndsl, which nothing hides.

    `differences` say what the module does instead.
    """

    def __init__(self, spec: str, differences: Sequence[str]):
        shown = "; ".join(differences[:3])
        super().__init__(f"the module of {spec} is not its networks: {shown}")
        self.differences = tuple(differences)
