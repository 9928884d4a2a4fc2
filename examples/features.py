"""A trained network as a backbone: the features of every stage, and a linear classifier on them.

    python examples/features.py

Trains a network on digits, takes its features without the last layer, and fits a logistic
regression of scikit-learn to those of a few pictures.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import LogisticRegression

from cnndsl.training import Settings, fit
from cnndsl.training.data.fit import Fitted
from cnndsl.training.data.resident import decode
from cnndsl.training.use import trained


def main() -> float:
    parser = argparse.ArgumentParser(description="Takes the features of a trained network.")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--pictures", type=int, default=100, help="that the classifier sees")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="features-")) / "run"
    fit(Settings("LeNet5MNIST", epochs=options.epochs), folder, say=print)

    run = trained(folder)
    network, normalise = run.network, run.program.normalise

    @jax.jit
    def features(images: jax.Array) -> dict[str, jax.Array]:
        """What every stage makes of images (N, H, W, C) uint8."""
        return network.endpoints(normalise(images.astype(jnp.float32) / 255))

    from cnndsl.training.data import open_data

    pictures = decode(Fitted(open_data("digits").held_out, run.fit))
    stages = features(jnp.asarray(pictures.images))
    for name, value in stages.items():
        print(f"{name}: {' x '.join(map(str, value.shape[1:]))}")

    flat = np.asarray(stages["conv2"]).reshape(len(pictures.labels), -1)
    seen = options.pictures
    classifier = LogisticRegression(max_iter=500).fit(flat[:seen], pictures.labels[:seen])
    accuracy = float(classifier.score(flat[seen:], pictures.labels[seen:]))
    print(f"a linear classifier on conv2, from {seen} pictures: {100 * accuracy:.1f} %")
    return accuracy


if __name__ == "__main__":
    main()
