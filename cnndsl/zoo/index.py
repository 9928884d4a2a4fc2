"""What the zoo holds: index.json, which `python -m cnndsl.zoo.build` makes from the specs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import NotRequired, TypedDict

from cnndsl.endpoints import Endpoint, Reduction
from cnndsl.ops.base import Shape
from cnndsl.suggest import ONCE, did_you_mean

HERE = Path(__file__).parent
INDEX = HERE / "index.json"


class UnknownModel(ValueError):
    """A name that no model of the zoo has; `help` may suggest one."""

    def __init__(self, name: str):
        self.help = did_you_mean(name, (entry.name for entry in list_models()), ONCE)
        message = f"the zoo has no model `{name[:60]}`"
        super().__init__(f"{message}; {self.help}" if self.help else message)
        self.message = message


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: the spec that defines it, its figures for one image, and who published it."""

    name: str
    task: str  # one of cnndsl.tasks.TASKS
    spec: str  # a file of the folder of specs: "resnet.cnn"
    input: Shape
    params: int
    total: int  # parameters and state
    macs: int
    source: str
    shapes: bool  # whether the spec asserts those of its stages
    endpoints: tuple[Endpoint, ...]
    inputs: Mapping[str, Shape] = field(default_factory=dict)  # by name, where they have some


class Record(TypedDict):
    """An entry of index.json, whose lists may be tuples before they are written."""

    name: str
    task: str
    spec: str
    input: Sequence[int]
    params: int
    total: int
    macs: int
    source: str
    shapes: bool
    endpoints: Sequence[tuple[str, Sequence[int], float | Sequence[float] | None]]
    inputs: NotRequired[Mapping[str, Sequence[int]]]


def list_models(glob: str = "*") -> tuple[Entry, ...]:
    """The models whose names match, in any case, by spec and in its order."""
    pattern = glob.lower()
    return tuple(entry for entry in _entries() if fnmatchcase(entry.name.lower(), pattern))


def find(name: str) -> Entry:
    """The model of that very name.

    Raises:
      UnknownModel: if there is none.
    """
    for entry in _entries():
        if entry.name == name:
            return entry
    raise UnknownModel(name)


def endpoints(name: str) -> tuple[Endpoint, ...]:
    """What `endpoints(x)` of a model holds, known without building it.

    Raises:
      UnknownModel: if there is no such model.
    """
    return find(name).endpoints


def input_text(shape: Sequence[int], named: Mapping[str, Sequence[int]]) -> str:
    """`224x224x3`, and of several inputs `224x224x3, 224x224x20`."""
    return ", ".join("x".join(map(str, each)) for each in named.values() or [shape])


def folder(kind: str) -> Path:
    """The folder of `specs` or of `generated`: inside the installed package, or the checkout's."""
    inside = HERE / kind
    return inside if inside.is_dir() else HERE.parents[1] / kind


def spec_path(entry: Entry) -> Path:
    return folder("specs") / entry.spec


@cache
def _entries() -> tuple[Entry, ...]:
    return tuple(map(_entry, json.loads(INDEX.read_text(encoding="utf-8"))))


def _entry(record: Record) -> Entry:
    return Entry(
        record["name"],
        record["task"],
        record["spec"],
        tuple(record["input"]),
        record["params"],
        record["total"],
        record["macs"],
        record["source"],
        record["shapes"],
        tuple(
            Endpoint(name, tuple(shape), _reduction(reduction), shape[-1])
            for name, shape, reduction in record["endpoints"]
        ),
        {name: tuple(shape) for name, shape in record.get("inputs", {}).items()},
    )


def _reduction(said: float | Sequence[float] | None) -> Reduction | None:
    if said is None or isinstance(said, int | float):
        return said
    return tuple(said)
