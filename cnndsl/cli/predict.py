"""`cnndsl predict`: what the best network of a run takes images for."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from cnndsl.cli.console import Console
from cnndsl.cli.train import Failed, failing


def run(arguments: Namespace, console: Console) -> int:
    try:
        with failing(console, "predict"):
            from cnndsl.training.use import trained

            network = trained(Path(arguments.run_folder))
            for message in network.damaged:
                console.remark(message)
            guesses = network.predict([*map(Path, arguments.images)])
    except Failed:
        return 1
    if arguments.json:
        console.data(
            [
                {
                    "image": image,
                    "guesses": [{"class": g.name, "probability": g.probability} for g in top],
                }
                for image, top in zip(arguments.images, guesses, strict=True)
            ]
        )
        return 0
    rows: list[tuple[str, ...]] = [("image", "class", "probability")]
    for image, top in zip(arguments.images, guesses, strict=True):
        names = [image, *[""] * len(top)]
        rows += [
            (name, guess.name, f"{100 * guess.probability:.2f} %")
            for name, guess in zip(names, top, strict=False)
        ]
    console.table(rows, (2,), wraps=0, total=False)
    return 0
