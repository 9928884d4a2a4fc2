"""A run's figures for TensorBoard, as the package tensorboardX writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from cnndsl.training.errors import TrainingError
from cnndsl.training.loop import Watcher

FOLDER = "tensorboard"
_STEPS = ("loss", "accuracy", "learning rate", "images per second")
_EPOCHS = ("held-out loss", "held-out accuracy", "held-out top 5")


class Writer(Protocol):
    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None: ...

    def close(self) -> None: ...


class TensorBoard:
    """Writes what another watcher shows."""

    def __init__(self, folder: Path, shown: Watcher):
        try:
            from tensorboardX import SummaryWriter
        except ModuleNotFoundError:
            message = "--tensorboard needs the package tensorboardX: it is not installed"
            raise TrainingError(message, "pip install 'cnndsl[tensorboard]'") from None
        self._writer: Writer = SummaryWriter(str(folder / FOLDER))
        self._shown = shown

    def steps(self, line: dict[str, Any]) -> None:
        for name in _STEPS:
            self._writer.add_scalar(f"training/{name}", line[name], line["step"])
        self._shown.steps(line)

    def judging(self, images: int, of: int) -> None:
        self._shown.judging(images, of)

    def epoch(self, line: dict[str, Any]) -> None:
        for name in _EPOCHS:
            self._writer.add_scalar(
                f"held out/{name.removeprefix('held-out ')}", line[name], line["step"]
            )
        self._shown.epoch(line)

    def close(self) -> None:
        self._writer.close()
        self._shown.close()
