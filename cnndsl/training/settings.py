"""What a user may say about a run, and what is so if they do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from cnndsl.ir import Value
from cnndsl.training.errors import TrainingError

MEMORY = ("auto", "resident", "stream")


@dataclass(frozen=True)
class Settings:
    """One run.

    Attributes:
      spec: the path of a spec, or the name of a model of the zoo.
      model: which of the spec's models.
      values: of the model's parameters, as `--set` gives them.
      data: where the images are: see `cnndsl.training.data`.
      fit: what happens to images of another size: resize, pad, or exact, which refuses them.
      seed: of parameters, order, augmentation and dropout.
      epochs, batch, rate: in place of the recipe's; what it says in epochs is stretched.
      dtype: in which the network computes; parameters, statistics and loss are float32.
      accumulate: in how many parts the gradients of a batch are found, to save memory.
      fsdp: whether large parameters are parted among the devices.
      weights: a file to begin with; the last layer stays new if its size differs.
      new_head: whether the last layer stays new though it would fit: for other classes.
      freeze: stages, and paths as `summary --layers` prints them, that do not learn.
      memory: whether the images stay on the device; `auto` where they fit.
      workers: processes that read images that do not stay there; 0 for threads.
      save_steps: steps between checkpoints, besides the one after every epoch.
    """

    spec: str
    model: str | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    data: str = "digits"
    fit: str = "resize"
    seed: int = 0
    epochs: int | None = None
    batch: int | None = None
    rate: float | None = None
    dtype: str = "float32"
    accumulate: int = 1
    fsdp: bool = False
    weights: str | None = None
    new_head: bool = False
    freeze: tuple[str, ...] = ()
    memory: str = "auto"
    workers: int = 0
    save_steps: int | None = None

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def settings_from(plain: Mapping[str, Any]) -> Settings:
    """The settings that a run folder holds.

    Raises:
      TrainingError: if they are those of another version.
    """
    known = {each.name for each in fields(Settings)}
    if unknown := sorted(set(plain) - known):
        raise TrainingError(f"the run was made by another version: it says {', '.join(unknown)}")
    return Settings(**{**plain, "freeze": tuple(plain.get("freeze", ()))})
