"""What one network has learned, put to another use: trained weights, fewer classes, a frozen trunk.

    python examples/fine_tune.py

Trains a network to tell the digits 0 to 4 apart, then, with a handful of pictures of 5 to 9, one to
tell these apart: from scratch, and from the weights of the first, of which only the head learns.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from cnndsl.training import Settings, fit
from cnndsl.training.data import Source, open_data


def write(path: Path, train: Source, held_out: Source, digits: range, most: int | None) -> None:
    """The pictures of some digits as a .npz file, at most so many of each to learn from."""
    tables = {}
    for part, source, limit in (("train", train, most), ("test", held_out, None)):
        chosen = np.concatenate([np.flatnonzero(source.labels == d)[:limit] for d in digits])
        tables[f"x_{part}"] = np.stack([source.image(int(i)) for i in chosen])
        tables[f"y_{part}"] = source.labels[chosen] - digits.start
    np.savez(path, **tables, classes=np.array([str(d) for d in digits]))


def main() -> tuple[float, float]:
    parser = argparse.ArgumentParser(description="Fine-tunes a network on few pictures.")
    parser.add_argument("--pictures", type=int, default=5, help="of each of the new digits")
    parser.add_argument("--epochs", type=int, default=8)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fine-tune-"))
    digits = open_data("digits")
    write(folder / "low.npz", digits.train, digits.held_out, range(0, 5), None)
    write(folder / "high.npz", digits.train, digits.held_out, range(5, 10), options.pictures)

    low = Settings("LeNet5MNIST", data=str(folder / "low.npz"), epochs=options.epochs)
    fit(low, folder / "low")
    high = Settings(
        "LeNet5MNIST", data=str(folder / "high.npz"), epochs=options.epochs, batch=5, rate=2e-3
    )
    scratch = fit(high, folder / "scratch").accuracy
    tuned = fit(
        Settings(
            **{
                **vars(high),
                "weights": str(folder / "low" / "best.safetensors"),
                "freeze": ("conv1", "conv2"),
            }
        ),
        folder / "tuned",
        say=print,
    ).accuracy
    print(f"from scratch {100 * scratch:.1f} %, from trained weights {100 * tuned:.1f} %")
    return scratch, tuned


if __name__ == "__main__":
    main()
