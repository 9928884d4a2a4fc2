"""How images reach the device: all at once to stay there, or batch by batch.

Both give the same batches in the same order, from any step on.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import grain
import jax
import numpy as np
from absl import flags

from cnndsl.training.data.fit import Fitted
from cnndsl.training.data.resident import MOST_UNREADABLE, Resident, check_unreadable
from cnndsl.training.data.source import Unreadable
from cnndsl.training.devices import Devices
from cnndsl.training.errors import TrainingError
from cnndsl.training.order import Order
from cnndsl.training.state import Leaves, Metrics
from cnndsl.training.step import Program

SHARE_OF_MEMORY = 0.25  # of a device's memory, that images may take to stay there
AHEAD = 2  # batches that are on their way to the device


class Feed(Protocol):
    """The images of a run. `unreadable` names those that were left out so far."""

    unreadable: list[str]

    def run(
        self, program: Program, leaves: Leaves, first: int, last: int
    ) -> tuple[Leaves, Sequence[Metrics]]:
        """The steps from `first` to before `last`; called for one run of steps after the other."""
        ...


@dataclass
class ResidentFeed:
    """Images that lie on every device; a step gets the indices of its batch."""

    data: Resident
    order: Order
    devices: Devices
    unreadable: list[str] = field(default_factory=list)

    @cached_property
    def images(self) -> jax.Array:
        return self.devices.put_whole(self.data.images)

    @cached_property
    def labels(self) -> jax.Array:
        return self.devices.put_whole(self.data.labels)

    def run(
        self, program: Program, leaves: Leaves, first: int, last: int
    ) -> tuple[Leaves, Sequence[Metrics]]:
        chosen = self.devices.share(self.order.steps(first, last))
        if loops_well():
            indices = self.devices.put_batch(chosen, 1)
            leaves, metrics = program.steps_of(leaves, self.images, self.labels, indices)
            return leaves, [metrics]
        done = []
        for row in chosen:
            indices = self.devices.put_batch(row)
            leaves, metrics = program.step_of(leaves, self.images, self.labels, indices)
            done.append(metrics)
        return leaves, done


@dataclass
class StreamedFeed:
    """Images that are decoded while the device computes, by grain's threads or processes.

    An image that cannot be read is replaced by the next one of its order that can.
    """

    source: Fitted
    order: Order
    devices: Devices
    workers: int = 0
    most_unreadable: float = MOST_UNREADABLE
    unreadable: list[str] = field(default_factory=list)
    _next: int = -1
    _batches: Iterator[tuple[jax.Array, jax.Array]] | None = None

    def run(
        self, program: Program, leaves: Leaves, first: int, last: int
    ) -> tuple[Leaves, Sequence[Metrics]]:
        if self._batches is None or first != self._next:
            self._batches = self._from(first)
        done = []
        for _ in range(first, last):
            images, labels = next(self._batches)
            leaves, metrics = program.step(leaves, images, labels)
            done.append(metrics)
        self._next = last
        return leaves, done

    def _from(self, first: int) -> Iterator[tuple[jax.Array, jax.Array]]:
        """Batches on the device, a few of them ahead of their use."""
        ready: deque[tuple[jax.Array, jax.Array]] = deque()
        for batch in self._local(first):
            self._note(batch["skipped"])
            images = self.devices.put_batch(batch["image"])
            ready.append((images, self.devices.put_batch(batch["label"])))
            if len(ready) > AHEAD:
                yield ready.popleft()

    def _local(self, first: int) -> Iterator[dict[str, np.ndarray]]:
        """The part of every batch that this process reads, from a step on, without end."""
        own = self.order.batch // jax.process_count()
        records = _Records(self.source, self.order, first, own, jax.process_index() * own)
        threads = min(16, 2 * (os.cpu_count() or 1))
        reading = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=threads)
        # Threads and processes take whole batches, or they would deal images out to others.
        stream = grain.MapDataset.source(records).batch(own).to_iter_dataset(reading)
        if self.workers:
            if not flags.FLAGS.is_parsed():
                flags.FLAGS.mark_as_parsed()  # which grain hands on to its processes
            stream = stream.mp_prefetch(grain.MultiprocessingOptions(num_workers=self.workers))
        return iter(stream)

    def _note(self, skipped: np.ndarray) -> None:
        for index in skipped[skipped >= 0]:
            if (name := self.source.name(int(index))) not in self.unreadable:
                self.unreadable.append(name)
        check_unreadable(self.unreadable, self.order.count, self.most_unreadable)


@dataclass(frozen=True)
class _Records:
    """The images of one process in the order in which a run uses them, for grain to read."""

    source: Fitted
    order: Order
    first: int
    own: int
    offset: int

    def __len__(self) -> int:
        return 2**40  # a run ends by its steps

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        step, within = divmod(int(index), self.own)
        wanted = int(self.order.step(self.first + step)[self.offset + within])
        skipped = -1
        for tried in range(wanted, wanted + self.order.count):
            chosen = tried % self.order.count
            try:
                image = self.source.image(chosen)
            except Unreadable:
                skipped = chosen
                continue
            except ValueError as error:
                help = "--fit resize resizes images of another size"
                raise TrainingError(f"{self.source.name(chosen)}: {error}", help) from None
            label = np.array(self.source.labels[chosen])
            return {"image": image, "label": label, "skipped": np.array(skipped)}
        raise TrainingError("none of the images can be read")


def loops_well() -> bool:
    """Whether a compiled loop is worth it: on the CPU, convolutions in one use a single core."""
    return jax.default_backend() != "cpu"


def room() -> int:
    """The bytes that images may take on a device to stay there."""
    limits = jax.local_devices()[0].memory_stats() or {}
    total = limits.get("bytes_limit")
    if total is None:  # the CPU's: of what is free now
        total = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(total * SHARE_OF_MEMORY)
