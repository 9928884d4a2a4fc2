"""Checkpoints of a run: the last two and the best, whole or not there, each with its checksums.

Orbax writes them in the background, under another name until they are complete. What was written
is compared with the checksums when it is read: a damaged one is passed over.
"""

from __future__ import annotations

import logging
import shutil
import sys
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import orbax.checkpoint as ocp

from cnndsl.training.errors import TrainingError
from cnndsl.training.state import Leaves
from cnndsl.training.step import Program

LAST, BEST = "last", "best"
_KEPT = {LAST: 2, BEST: 1}
# Why files are not written, as systems say it at the end of long messages of tensorstore's.
_CAUSES = (
    "no space left on device",
    "file too large",
    "disk quota exceeded",
    "read-only file system",
    "permission denied",
)


@dataclass(frozen=True)
class Restored:
    """A checkpoint as read: the state, its step, what was noted, and what was passed over."""

    leaves: Leaves
    step: int
    notes: Mapping[str, Any]
    damaged: tuple[str, ...] = ()


class Checkpoints:
    """Those of one run, in a folder of its own."""

    def __init__(self, folder: Path):
        logging.getLogger("absl").setLevel(logging.CRITICAL + 1)  # orbax logs what it raises
        _pass_over_what_was_given_up()
        self.folder = folder.resolve()
        try:
            self._managers = {name: self._manager(name, kept) for name, kept in _KEPT.items()}
        except OSError as error:
            raise TrainingError(f"cannot make {folder}: {error.strerror}") from None

    def _manager(self, name: str, kept: int) -> ocp.CheckpointManager:
        # Processes wait for each other by a name, which has the step: not the same for both kinds.
        apart = ocp.options.MultiprocessingOptions(barrier_sync_key_prefix=name)
        options = ocp.CheckpointManagerOptions(
            max_to_keep=kept,
            cleanup_tmp_directories=True,
            enable_async_checkpointing=True,
            multiprocessing_options=apart,
        )
        return ocp.CheckpointManager(self.folder / name, options=options)

    def save(
        self, which: str, program: Program, leaves: Leaves, step: int, notes: Mapping[str, Any]
    ) -> None:
        """Copies the state and starts writing it; waits for what was still being written before.

        Raises:
          TrainingError: if it, or the one before, cannot be written.
        """
        arrays = [_plain(leaf) for leaf in leaves]
        held = [_host(array) for array in arrays]
        digests = [_digest(array) for array in held]
        tree = dict(zip(program.names, held, strict=True))
        noted = {**notes, "step": step, "digests": dict(zip(program.names, digests, strict=True))}
        arguments = ocp.args.Composite(
            state=ocp.args.StandardSave(tree),  # type: ignore[no-untyped-call, unused-ignore]
            notes=ocp.args.JsonSave(noted),  # type: ignore[no-untyped-call, unused-ignore]
        )
        manager = self._managers[which]
        try:
            manager.wait_until_finished()
            manager.save(step, args=arguments, force=True)
        except Exception as error:  # tensorstore has its own kinds
            raise self._unwritten(error) from None

    def finish(self) -> None:
        """Waits for what is being written.

        Raises:
          TrainingError: if it cannot be.
        """
        try:
            for manager in self._managers.values():
                manager.wait_until_finished()
        except Exception as error:
            raise self._unwritten(error) from None

    def close(self) -> None:
        for manager in self._managers.values():
            with suppress(Exception):  # what went wrong was said by `save` or `finish`
                manager.close()

    def steps(self, which: str) -> list[int]:
        """The steps of which there are checkpoints, the last one first."""
        return sorted(self._managers[which].all_steps(), reverse=True)

    def restore(self, which: str, program: Program) -> Restored | None:
        """The last checkpoint that is whole; None where there is none at all.

        Raises:
          TrainingError: if there are some, and all are damaged.
        """
        damaged: list[str] = []
        for step in self.steps(which):
            try:
                leaves, notes = self._read(which, step, program)
            except Exception as error:
                reason = " ".join(str(error).split())[:160]
                damaged.append(f"the checkpoint of step {step} is damaged: {reason}")
                continue
            return Restored(leaves, step, notes, tuple(damaged))
        if damaged:
            message = "\n".join([f"{self.folder / which}: no checkpoint is whole", *damaged])
            raise TrainingError(message, "train again, into another folder")
        return None

    def restore_best(self, program: Program) -> Restored | None:
        """The best checkpoint, or where it is damaged the last one; None where there is none.

        Raises:
          TrainingError: if none is whole.
        """
        try:
            return self.restore(BEST, program)
        except TrainingError:
            last = self.restore(LAST, program)
            if last is None:
                raise
        said = f"the best checkpoint is damaged: that of step {last.step} takes its place"
        return Restored(last.leaves, last.step, last.notes, (said, *last.damaged))

    def forget_after(self, step: int) -> None:
        """Removes the checkpoints of later steps, which will be written again."""
        for which, manager in self._managers.items():
            for later in self.steps(which):
                if later > step:
                    shutil.rmtree(self.folder / which / str(later), ignore_errors=True)
            manager.reload()

    def _read(self, which: str, step: int, program: Program) -> tuple[Leaves, Mapping[str, Any]]:
        abstract = [
            jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)
            for leaf, sharding in zip(
                map(_plain, program.abstract_leaves), program.shardings, strict=True
            )
        ]
        tree = dict(zip(program.names, abstract, strict=True))
        found = self._managers[which].restore(
            step,
            args=ocp.args.Composite(
                state=ocp.args.StandardRestore(tree),  # type: ignore[no-untyped-call, unused-ignore]
                notes=ocp.args.JsonRestore(),  # type: ignore[no-untyped-call, unused-ignore]
            ),
        )
        notes = found["notes"]
        for name, array in found["state"].items():
            if _digest(array) != notes["digests"][name]:
                raise ValueError(f"the numbers of {name} are not those that were written")
        leaves = [
            _as_before(found["state"][name], leaf)
            for name, leaf in zip(program.names, program.abstract_leaves, strict=True)
        ]
        return leaves, notes

    def _unwritten(self, error: Exception) -> TrainingError:
        text = " ".join(str(error).split()) or type(error).__name__
        reason = next((cause for cause in _CAUSES if cause.lower() in text.lower()), text[:300])
        known = self.steps(LAST)
        kept = f"that of step {known[0]} is kept" if known else "there is none before it"
        message = f"cannot write a checkpoint to {self.folder}: {reason}; {kept}"
        return TrainingError(message, "make room, then go on with --resume")


@cache
def _pass_over_what_was_given_up() -> None:
    """After a write that failed, those beside it fail too, or end when orbax's loop is closed.

    Python and tensorstore would print each to standard error, past the error that was raised.
    """
    before = sys.unraisablehook

    def hook(unraisable: sys.UnraisableHookArgs) -> None:
        error = unraisable.exc_value
        if not (isinstance(error, RuntimeError) and str(error) == "Event loop is closed"):
            before(unraisable)

    sys.unraisablehook = hook
    forgotten = "exception was never retrieved"
    logging.getLogger("asyncio").addFilter(lambda record: forgotten not in record.getMessage())


def _is_key(leaf: jax.Array | jax.ShapeDtypeStruct) -> bool:
    return bool(jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key))


def _plain(leaf: Any) -> Any:
    """Keys of random numbers as the integers that they are."""
    if not _is_key(leaf):
        return leaf
    if isinstance(leaf, jax.ShapeDtypeStruct):
        return jax.eval_shape(jax.random.key_data, leaf)
    return jax.random.key_data(leaf)


def _as_before(array: jax.Array, leaf: jax.ShapeDtypeStruct) -> jax.Array:
    return jax.random.wrap_key_data(array) if _is_key(leaf) else array


def _host(array: jax.Array) -> np.ndarray | jax.Array:
    """A copy, for the next step writes over the array; parts on other hosts orbax copies."""
    return np.array(array) if array.is_fully_addressable else array


def finite(array: jax.Array) -> bool:
    """Whether what this process has of an array is numbers, none of them infinite."""
    if not jnp.issubdtype(array.dtype, jnp.floating):
        return True
    parts = {str(part.index): part for part in array.addressable_shards}  # each once
    return all(np.isfinite(np.asarray(part.data)).all() for part in parts.values())


def _digest(array: np.ndarray | jax.Array) -> int | None:
    """The checksum of an array's bytes; None where no process has all of it."""
    if isinstance(array, jax.Array):
        if not array.is_fully_addressable:
            if not array.is_fully_replicated:
                return None
            array = array.addressable_data(0)
        array = np.asarray(array)
    return zlib.crc32(np.ascontiguousarray(array).tobytes())
