"""What one network has learned, put to another use: trained weights, other classes, a frozen trunk.

    python examples/fine_tune.py

Trains a network to tell ten digits apart. Then, with a few pictures alone, one that tells odd from
even: from scratch, and from the weights of the first, whose convolutions stay as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnndsl.training import Settings, fit
from cnndsl.training.data import Source, open_data


def write_parity(path: Path, train: Source, held_out: Source, pictures: int) -> None:
    """Digits labelled even or odd as a .npz file, with so few pictures to learn from."""
    tables = {}
    for part, source, count in (("train", train, pictures), ("test", held_out, None)):
        chosen = range(len(source.labels))[:count]
        tables[f"x_{part}"] = np.stack([source.image(i) for i in chosen])
        tables[f"y_{part}"] = source.labels[:count] % 2
    np.savez(path, **tables, classes=np.array(["even", "odd"]))


def main() -> tuple[float, float]:
    parser = argparse.ArgumentParser(description="Fine-tunes a network on few pictures.")
    parser.add_argument("--pictures", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fine-tune-"))
    digits = open_data("digits")
    write_parity(folder / "parity.npz", digits.train, digits.held_out, options.pictures)

    fit(Settings("LeNet5MNIST", data="digits", epochs=4), folder / "digits")
    few = Settings(
        "LeNet5MNIST", data=str(folder / "parity.npz"), epochs=options.epochs, batch=10, rate=2e-3
    )
    scratch = fit(few, folder / "scratch").accuracy
    trained = replace(
        few, weights=str(folder / "digits" / "best.safetensors"), freeze=("conv1", "conv2")
    )
    tuned = fit(trained, folder / "tuned", say=print).accuracy
    print(f"from scratch {100 * scratch:.1f} %, from trained weights {100 * tuned:.1f} %")
    return scratch, tuned


if __name__ == "__main__":
    main()
