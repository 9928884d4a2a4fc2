"""How a run shows itself: bars on a terminal, lines in a pipe, JSON for programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class Silent:
    """Shows nothing: for programs that call the loop, and for all processes but the first."""

    def steps(self, line: dict[str, Any]) -> None: ...

    def judging(self, images: int, of: int) -> None: ...

    def epoch(self, line: dict[str, Any]) -> None: ...

    def close(self) -> None: ...


class Lines(Silent):
    """A line for every epoch, and in long ones a line every half a minute."""

    SECONDS = 30

    def __init__(self, write: Callable[[str], None], epochs: int, steps: int):
        self._write, self._epochs, self._steps = write, epochs, steps
        self._last = time.monotonic()

    def steps(self, line: dict[str, Any]) -> None:
        if time.monotonic() - self._last < self.SECONDS:
            return
        self._last = time.monotonic()
        self._write(
            f"  step {line['step']}/{self._steps}: loss {line['loss']:.4f}, "
            f"accuracy {line['accuracy']:.4f}, {line['images per second']:,.0f} images/s"
        )

    def epoch(self, line: dict[str, Any]) -> None:
        self._last = time.monotonic()
        self._write(epoch_text(line, self._epochs))


class JsonLines(Silent):
    """The lines of metrics.jsonl."""

    def __init__(self, write: Callable[[str], None]):
        self._write = write

    def steps(self, line: dict[str, Any]) -> None:
        self._write(json.dumps(line))

    def epoch(self, line: dict[str, Any]) -> None:
        self._write(json.dumps(line))


class Bars(Silent):
    """Two bars, of the epochs and of the steps of one, under the lines of those that are done."""

    def __init__(self, console: Console, epochs: int, per_epoch: int, first: int = 0):
        self._epochs, self._per_epoch = epochs, per_epoch
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=console,
        )
        total = epochs * per_epoch
        self._all = self._progress.add_task("run  ", total=total, completed=first, figures="")
        inside = first % per_epoch
        self._one = self._progress.add_task("epoch", total=per_epoch, completed=inside, figures="")
        self._progress.start()

    def steps(self, line: dict[str, Any]) -> None:
        figures = f"loss {line['loss']:.4f}  accuracy {line['accuracy']:.4f}"
        speed = f"{line['images per second']:,.0f} images/s"
        inside = line["step"] - (line["epoch"] - 1) * self._per_epoch
        self._progress.update(self._all, completed=line["step"], figures=speed)
        self._progress.update(self._one, completed=inside, figures=figures)

    def judging(self, images: int, of: int) -> None:
        self._progress.update(self._one, figures=f"held-out images {images:,}/{of:,}")

    def epoch(self, line: dict[str, Any]) -> None:
        self._progress.console.print(epoch_text(line, self._epochs), highlight=False)
        if line["epoch"] < self._epochs:
            self._progress.reset(self._one, total=self._per_epoch, figures="")

    def close(self) -> None:
        self._progress.stop()


def epoch_text(line: dict[str, Any], epochs: int) -> str:
    """`epoch 3/15: loss 0.1034, accuracy 0.9710; held out: loss 0.1221, accuracy 0.9638; 4.1 s`."""
    return (
        f"epoch {line['epoch']}/{epochs}: loss {line['loss']:.4f}, accuracy "
        f"{line['accuracy']:.4f}; held out: loss {line['held-out loss']:.4f}, accuracy "
        f"{line['held-out accuracy']:.4f}; {line['seconds']:.1f} s"
    )
