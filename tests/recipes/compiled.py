"""Recipes of the tests, compiled and imported."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType

import cnndsl
from tests.compiled import SPECS
from tests.modules import imported

NET = """\
model Net(classes = 10) {{
  input {input}
  {body}
  train {{
    optimizer {optimizer}
    schedule {schedule}
    epochs {epochs}
    batch 32
    {more}
  }}
}}
"""


def text_of(
    *more: str,
    optimizer: str = "sgd",
    schedule: str = "constant(0.1)",
    epochs: int = 10,
    input: str = "8x8x3",
    body: str = "conv(4, 3) -> bn -> relu -> global_avg_pool -> dense(classes)",
) -> str:
    """A spec whose recipe has these settings."""
    lines = "\n    ".join(more)
    return NET.format(
        input=input, body=body, optimizer=optimizer, schedule=schedule, epochs=epochs, more=lines
    )


def trainer(*more: str, **settings: object) -> ModuleType:
    """The module of a recipe with these settings."""
    return trainer_of(text_of(*more, **settings))  # type: ignore[arg-type]


@cache
def trainer_of(text: str) -> ModuleType:
    compiled = cnndsl.compile(text)
    assert compiled.training is not None, compiled.diagnostics
    return imported(compiled.training)


def network(text: str) -> ModuleType:
    code = cnndsl.compile(text).code
    assert code is not None
    return imported(code)


def of_zoo(model: str, spec: str) -> tuple[ModuleType, ModuleType]:
    """The module of one network of the zoo, and the one that trains it."""
    path: Path = SPECS / f"{spec}.cnn"
    return cnndsl.load(path, model=model), cnndsl.load_training(path, model=model)
