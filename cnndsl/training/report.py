"""What a run came to, for a person to look at: report.html, in one file, and curves.png."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from cnndsl.files import reason
from cnndsl.training.curves import curves_png
from cnndsl.training.data.resident import Resident
from cnndsl.training.errors import TrainingError
from cnndsl.training.judge import Verdict
from cnndsl.training.loop import Result
from cnndsl.training.prepare import Prepared
from cnndsl.training.run import Run

CURVES, REPORT = "curves.png", "report.html"
MISTAKES = 24
SIDE = 96  # pixels of a picture's longer side
MOST_CLASSES = 30  # of which a table of confusions can still be read
_TEMPLATES = Path(__file__).with_name("templates")


def write_report(run: Run, prepared: Prepared, result: Result) -> None:
    """Writes both files into the run's folder.

    Raises:
      TrainingError: if they cannot be written.
    """
    lines = run.metrics()
    png = curves_png(lines, f"{run.model} on {prepared.settings.data}")
    try:
        (run.folder / CURVES).write_bytes(png)
    except OSError as error:
        raise TrainingError(f"cannot write {run.folder / CURVES}: {reason(error)}") from None
    run.write({REPORT: report_html(run, prepared, result, png)})


def report_html(run: Run, prepared: Prepared, result: Result, curves: bytes) -> str:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    verdict, classes = result.verdict, prepared.classes
    return environment.get_template("report.html.jinja").render(
        model=run.model,
        data=prepared.settings.data,
        best=result.best,
        last=verdict,
        images=prepared.facts["images"],
        curves=_uri(curves),
        classes=class_rows(verdict, classes),
        confusion=confusion_rows(verdict, classes) if len(classes) <= MOST_CLASSES else [],
        names=classes,
        confused=confused(verdict, classes),
        mistakes=mistakes(verdict, prepared.held_out, classes),
        settings=_settings(prepared),
        made_with=run.facts["made with"],
        recipe=prepared.definition.recipe_code,
    )


def class_rows(verdict: Verdict, classes: Sequence[str]) -> list[dict[str, Any]]:
    """By class: right, of how many, and their share; the worst first."""
    rows = [
        {"name": name, "right": right, "of": of, "share": right / of}
        for name, (right, of) in zip(classes, verdict.by_class(len(classes)), strict=False)
        if of
    ]
    return sorted(rows, key=lambda row: row["share"])


def confusion_rows(verdict: Verdict, classes: Sequence[str]) -> list[dict[str, Any]]:
    """By class, how often it was taken for each; `shade` is the share of its images."""
    count = len(classes)
    table = verdict.confusion(max(count, int(verdict.predicted.max()) + 1))[:count, :count]
    totals = np.maximum(table.sum(axis=1), 1)
    return [
        {
            "name": name,
            "cells": [
                {"count": int(n), "shade": round(float(n / totals[i]), 3), "right": i == j}
                for j, n in enumerate(table[i])
            ],
        }
        for i, name in enumerate(classes)
    ]


def confused(verdict: Verdict, classes: Sequence[str], most: int = 10) -> list[dict[str, Any]]:
    """The pairs of classes that were taken for each other most often."""
    count = max(len(classes), int(verdict.predicted.max()) + 1)
    table = verdict.confusion(count)
    np.fill_diagonal(table, 0)
    order = np.argsort(-table, axis=None, kind="stable")[:most]
    pairs = [divmod(int(i), count) for i in order]
    return [
        {"was": _name(classes, a), "taken": _name(classes, b), "times": int(table[a, b])}
        for a, b in pairs
        if table[a, b]
    ]


def mistakes(verdict: Verdict, data: Resident, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The images that the network was most wrong about, as pictures."""
    return [
        {
            "picture": _uri(picture(data.images[i])),
            "file": data.names[i],
            "was": _name(classes, int(verdict.labels[i])),
            "taken": _name(classes, int(verdict.predicted[i])),
            "probability": float(verdict.probability[i]),
        }
        for i in verdict.worst(MISTAKES)
    ]


def picture(pixels: np.ndarray) -> bytes:
    """An image (H, W, C) uint8 as PNG, large enough to be seen."""
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    scale = SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    filter = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    out = io.BytesIO()
    image.resize(size, filter).save(out, "PNG")
    return out.getvalue()


def _name(classes: Sequence[str], index: int) -> str:
    return classes[index] if index < len(classes) else str(index)


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _settings(prepared: Prepared) -> dict[str, str]:
    """What was said of the run, as text."""
    return {
        name: ", ".join(f"{k} = {v}" for k, v in value.items())
        if isinstance(value, dict)
        else str(value)
        for name, value in prepared.settings.plain().items()
        if value is not None and value is not False and value not in ({}, ())
    }
