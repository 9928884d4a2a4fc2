"""Learning curves as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

TRAIN, HELD_OUT = "#3b6fb6", "#d1622b"


def curves_png(lines: Sequence[dict[str, Any]], title: str) -> bytes:
    """Loss, accuracy and learning rate by epoch, from the lines of metrics.jsonl."""
    epochs = [line for line in lines if line["kind"] == "epoch"]
    steps = [line for line in lines if line["kind"] == "steps"]
    per_epoch = epochs[0]["step"] / epochs[0]["epoch"] if epochs else 1
    figure = Figure(figsize=(12, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    loss, accuracy, rate = figure.subplots(1, 3)
    by_step = [line["step"] / per_epoch for line in steps]
    by_epoch = [line["epoch"] for line in epochs]
    loss.plot(by_step, [line["loss"] for line in steps], color=TRAIN, alpha=0.35, lw=1)
    for axes, name in ((loss, "loss"), (accuracy, "accuracy")):
        values = [line[name] for line in epochs], [line[f"held-out {name}"] for line in epochs]
        axes.plot(by_epoch, values[0], ".-", color=TRAIN, label="training")
        axes.plot(by_epoch, values[1], ".-", color=HELD_OUT, label="held out")
        axes.legend(frameon=False)
    rate.plot(by_step, [line["learning rate"] for line in steps], color="#555555")
    for axes, name in ((loss, "loss"), (accuracy, "accuracy"), (rate, "learning rate")):
        axes.set_title(name)
        axes.set_xlabel("epoch")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    figure.suptitle(title)
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110)
    return out.getvalue()
