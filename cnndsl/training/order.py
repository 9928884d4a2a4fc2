"""Which image is used when: a function of seed, epoch and place alone, so that a run can go on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from cnndsl.training.errors import TrainingError


@dataclass(frozen=True)
class Order:
    """Every epoch all images in a new order, in whole batches; what is left over waits.

    Attributes:
      count: how many images there are.
      batch: how many a step takes, over all devices.
    """

    count: int
    batch: int
    seed: int

    def __post_init__(self) -> None:
        if self.batch > self.count:
            message = f"{self.count} images do not fill a batch of {self.batch}"
            raise TrainingError(message, f"--batch {self.count} or less does")

    @cached_property
    def steps_per_epoch(self) -> int:
        return self.count // self.batch

    def steps(self, first: int, last: int) -> np.ndarray:
        """The images of the steps from `first` to before `last`, (steps, batch) int32."""
        return np.stack([self.step(step) for step in range(first, last)])

    def step(self, step: int) -> np.ndarray:
        epoch, place = divmod(step, self.steps_per_epoch)
        indices = _permutation(self.seed, epoch, self.count)
        return indices[place * self.batch : (place + 1) * self.batch]


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    return np.random.default_rng((seed, epoch)).permutation(count).astype(np.int32)
