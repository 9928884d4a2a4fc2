"""The devices of a run: found, joined across hosts, and who holds what."""

from __future__ import annotations

import os
import re
import socket
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import jax
import numpy as np
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from cnndsl.training.errors import TrainingError

AXIS = "data"
PATIENCE = 300.0  # seconds for which a process waits for the first one
LARGE = 2**16  # numbers from which on `--fsdp` parts an array


@dataclass(frozen=True)
class Devices:
    """All devices of a run in a row, each with its part of every batch.

    Attributes:
      fsdp: whether large arrays of parameters and of the optimizer are parted too.
    """

    mesh: Mesh
    fsdp: bool = False

    @property
    def count(self) -> int:
        return int(self.mesh.devices.size)

    @property
    def whole(self) -> NamedSharding:
        """Every device has all of an array."""
        return NamedSharding(self.mesh, PartitionSpec())

    def batch(self, before: int = 0) -> NamedSharding:
        """Every device has its part of the axis behind the first `before` ones."""
        return NamedSharding(self.mesh, PartitionSpec(*[None] * before, AXIS))

    def of_state(self, leaf: jax.ShapeDtypeStruct | jax.Array) -> NamedSharding:
        """Where an array of the state lies: everywhere, or in parts along its longest axis."""
        if not self.fsdp or self.count == 1 or leaf.size < LARGE:
            return self.whole
        axes = [a for a, length in enumerate(leaf.shape) if length % self.count == 0]
        if not axes:
            return self.whole
        longest = max(axes, key=lambda axis: leaf.shape[axis])
        return self.batch(longest)

    def check_batch(self, size: int, accumulate: int) -> None:
        """Raises `TrainingError` unless a batch can be dealt out evenly."""
        parts = self.count * accumulate
        if size % parts:
            per = f"{self.count} device{'s' * (self.count != 1)}"
            steps = f", {accumulate} times in turn" * (accumulate > 1)
            nearest = max(parts, size - size % parts)
            message = f"a batch of {size} images does not divide among {per}{steps}"
            raise TrainingError(message, f"--batch {nearest} does")

    def put_whole(self, array: np.ndarray) -> jax.Array:
        """The same array on every device; every process has it."""
        return jax.make_array_from_process_local_data(self.whole, array, array.shape)

    def put_batch(self, local: np.ndarray, before: int = 0) -> jax.Array:
        """The batch of which this process has its part, along the axis behind `before` ones."""
        shape = list(local.shape)
        shape[before] *= jax.process_count()
        return jax.make_array_from_process_local_data(self.batch(before), local, tuple(shape))

    def share(self, indices: np.ndarray) -> np.ndarray:
        """Of the last axis of a batch's indices, the part of this process."""
        own = indices.shape[-1] // jax.process_count()
        start = jax.process_index() * own
        return indices[..., start : start + own]


def devices(fsdp: bool = False) -> Devices:
    """All devices of all processes."""
    kinds = (AxisType.Auto,)
    return Devices(jax.make_mesh((jax.device_count(),), (AXIS,), kinds), fsdp)


def is_first() -> bool:
    """Whether this process writes the files of a run."""
    return jax.process_index() == 0


def everywhere(holds: bool) -> bool:
    """Whether something holds for all processes."""
    if jax.process_count() == 1:
        return holds
    return bool(process_allgather(np.array(holds)).all())


def join(coordinator: str | None = None, process: str | None = None) -> None:
    """Joins the processes of a run: those of the call, else those of a cluster that is found.

    Args:
      coordinator: `host:port` of the first process.
      process: `i/n`, this process and how many there are.

    Raises:
      TrainingError: if the call is incomplete, or the processes do not find each other.
    """
    if coordinator is None and process is None:
        if _in_cluster(os.environ):
            _initialize()
        return
    if coordinator is None or process is None:
        raise TrainingError("--coordinator host:port and --process i/n go together")
    host, _, port = coordinator.rpartition(":")
    if not host or not port.isdecimal():
        raise TrainingError(f"--coordinator is host:port, not `{coordinator[:60]}`")
    index, slash, count = process.partition("/")
    if not (slash and index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise TrainingError(f"--process is i/n, counted from 0, such as 0/2, not `{process[:20]}`")
    if int(index):
        _reach(host.strip("[]"), int(port))
    if int(count) > 1:
        _initialize(
            coordinator_address=coordinator, num_processes=int(count), process_id=int(index)
        )


def _reach(host: str, port: int) -> None:
    """Waits until the first process listens: JAX, which would wait as long, ends in a crash.

    Raises:
      TrainingError: if it does not within five minutes.
    """
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, port), timeout=5).close()
            return
        except OSError as error:
            if time.monotonic() > until:
                message = f"nobody answers at {host}:{port}: {error.strerror or error}"
                help = "is the first process, that of --process 0/n, running there?"
                raise TrainingError(message, help) from None
        time.sleep(0.5)


def _initialize(**arguments: str | int) -> None:
    with warnings.catch_warnings(record=True) as said:  # why JAX does not know a cluster
        try:
            jax.distributed.initialize(local_device_ids=_chosen(os.environ), **arguments)  # type: ignore[arg-type]
        except Exception as error:  # the package kubernetes has its own kinds
            reason = " ".join(" ".join(map(str, [error, *(w.message for w in said)])).split())
            message = f"the processes did not find each other: {reason[:400]}"
            raise TrainingError(message, "--coordinator and --process say who they are") from None


def _chosen(environment: Mapping[str, str]) -> list[int] | None:
    """No devices chosen, so that a process has all that it sees; None leaves it to JAX.

    In a cluster JAX gives a process one device, the first to the first of a machine. That is right
    where a machine has several processes, and leaves seven of eight idle where it has one.
    """
    tasks = environment.get("SLURM_STEP_TASKS_PER_NODE", "1")  # 1(x4), or 8(x3),4
    alone = re.fullmatch(r"1(\(x\d+\))?", tasks) is not None
    alone = alone and environment.get("OMPI_COMM_WORLD_LOCAL_SIZE", "1") == "1"
    return [] if alone and "JAX_LOCAL_DEVICE_IDS" not in environment else None


def _in_cluster(environment: Mapping[str, str]) -> bool:
    """Whether Slurm, Open MPI or an indexed job of Kubernetes started the process with others."""
    for name in ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"):
        if environment.get(name, "1") not in ("", "1"):
            return True
    return "KUBERNETES_SERVICE_HOST" in environment and "JOB_COMPLETION_INDEX" in environment
