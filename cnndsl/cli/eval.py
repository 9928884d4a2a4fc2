"""`cnndsl eval`: the best network of a run, judged by images whose classes are known."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from cnndsl.cli.console import Console
from cnndsl.cli.train import Failed, failing

if TYPE_CHECKING:
    from cnndsl.plain import Json
    from cnndsl.training.judge import Verdict
    from cnndsl.training.use import Trained


def run(arguments: Namespace, console: Console) -> int:
    try:
        with failing(console, "eval"):
            from cnndsl.training.use import trained

            network = trained(Path(arguments.run_folder))
            for message in network.damaged:
                console.remark(message)
            verdict, images = network.judge(arguments.data)
            if arguments.json:
                console.data(_figures(network, verdict))
            else:
                _print(network, verdict, arguments.data or network.settings.data, console)
            for unreadable in images.unreadable:
                console.remark(f"left out, since it cannot be read: {unreadable}")
            return 0
    except Failed:
        return 1


def _print(network: Trained, verdict: Verdict, data: str, console: Console) -> None:
    count = len(verdict.labels)
    console.line(f"{network.run.model} of {network.run.folder}: {count:,} images of {data}\n")
    rows: list[tuple[str, ...]] = [("class", "right", "of", "share")]
    for index, (right, of) in enumerate(verdict.by_class(len(network.classes))):
        if of:
            rows.append((network.name(index), f"{right:,}", f"{of:,}", f"{100 * right / of:.2f} %"))
    total = int(verdict.right.sum())
    rows.append(("total", f"{total:,}", f"{count:,}", f"{100 * verdict.accuracy:.2f} %"))
    console.table(rows, (1, 2, 3), wraps=0, total=True)
    console.line(
        f"\ntop 1: {100 * verdict.accuracy:.2f} %, top 5: {100 * verdict.top5:.2f} %, "
        f"loss {verdict.loss:.4f}"
    )


def _figures(network: Trained, verdict: Verdict) -> dict[str, Json]:
    counts = verdict.by_class(len(network.classes))
    return {
        "model": network.run.model,
        "images": len(verdict.labels),
        "top1": verdict.accuracy,
        "top5": verdict.top5,
        "loss": verdict.loss,
        "classes": [
            {"name": network.name(index), "right": right, "of": of}
            for index, (right, of) in enumerate(counts)
        ],
    }
