"""Trains a generated LeNet-5 on Fashion-MNIST and prints its test accuracy after every epoch.

    python examples/fashion_mnist.py --data fashion-mnist --epochs 3

The data are the four IDX files of https://github.com/zalandoresearch/fashion-mnist, gzipped or
not. Debian and Ubuntu package them as `dataset-fashion-mnist`; there `--data` is not needed.
"""

from __future__ import annotations

import argparse
import gzip
import struct
import sys
import zlib
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # `generated` lies beside `examples`
from generated.lenet5 import LeNet5Tanh

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = 10
PAD = 2  # LeNet-5 reads 32 x 32, the images are 28 x 28
UNSIGNED_BYTE = 0x08  # the IDX code of the element type

Split = tuple[np.ndarray, np.ndarray]


class DataError(Exception):
    """A data file is missing or is not what its name says."""


def read_idx(path: Path, rank: int) -> np.ndarray:
    """The unsigned bytes of an IDX file, or of `path` with `.gz` appended, as a `rank`-d array.

    Layout: two zero bytes, the element type, the rank, one big-endian uint32 per dimension, then
    the elements. Raises DataError where a file deviates from it.
    """
    zipped = path.with_name(f"{path.name}.gz")
    if not path.is_file() and not zipped.is_file():
        raise DataError(f"{path} is missing (so is {zipped.name})")
    try:
        content = path.read_bytes() if path.is_file() else gzip.decompress(zipped.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {error}") from error

    header = 4 + 4 * rank
    if len(content) < header:
        raise DataError(f"{path} ends inside its header of {header} bytes")
    magic = bytes([0, 0, UNSIGNED_BYTE, rank])
    if content[:4] != magic:
        raise DataError(f"{path} starts with {content[:4].hex()}, expected {magic.hex()}")
    shape = struct.unpack(f">{rank}I", content[4:header])
    elements = np.frombuffer(content, np.uint8, offset=header)
    expected = int(np.prod(shape, dtype=object))
    if elements.size != expected:
        raise DataError(f"{path} holds {elements.size} bytes of data, its header says {expected}")
    return elements.reshape(shape)


def read_split(folder: Path, name: str) -> Split:
    """Images (N, 32, 32, 1), float32 in [0, 1], and labels (N,), int32; `name`: train or t10k."""
    images = read_idx(folder / f"{name}-images-idx3-ubyte", rank=3)
    labels = read_idx(folder / f"{name}-labels-idx1-ubyte", rank=1)
    if images.shape[1:] != (28, 28):
        raise DataError(f"the {name} images are {images.shape[1:]}, expected (28, 28)")
    if len(images) != len(labels) or not len(labels):
        raise DataError(f"{name}: {len(images)} images, {len(labels)} labels")
    if labels.max() >= CLASSES:
        raise DataError(f"the {name} labels hold a {labels.max()}, expected 0 to {CLASSES - 1}")
    padded = np.pad(images, ((0, 0), (PAD, PAD), (PAD, PAD)))[..., np.newaxis]
    return padded.astype(np.float32) / 255, labels.astype(np.int32)


@nnx.jit
def train_step(
    model: nnx.Module, optimizer: nnx.Optimizer, images: jax.Array, labels: jax.Array
) -> jax.Array:
    """One step of gradient descent, in place; gives the mean loss of the batch."""

    def mean_loss(model: nnx.Module) -> jax.Array:
        losses = optax.softmax_cross_entropy_with_integer_labels(model(images), labels)
        return losses.mean()

    loss, gradients = nnx.value_and_grad(mean_loss)(model)
    optimizer.update(model, gradients)
    return loss


@nnx.jit
def count_correct(model: nnx.Module, images: jax.Array, labels: jax.Array) -> jax.Array:
    """How many of the images the model classifies as labelled."""
    return jnp.sum(jnp.argmax(model(images), axis=-1) == labels)


def accuracy(model: nnx.Module, split: Split, batch_size: int = 1000) -> float:
    """The fraction of the split that the model classifies as labelled."""
    images, labels = split
    model.eval()
    correct = sum(
        int(count_correct(model, images[i : i + batch_size], labels[i : i + batch_size]))
        for i in range(0, len(labels), batch_size)
    )
    return correct / len(labels)


def train(train_split: Split, test_split: Split, epochs: int, batch_size: int, seed: int) -> float:
    """Trains with Adam and a cosine schedule; gives the test accuracy after the last epoch."""
    images, labels = train_split
    steps = len(labels) // batch_size
    if not steps:
        raise DataError(f"{len(labels)} training images do not fill a batch of {batch_size}")
    model = LeNet5Tanh(rngs=nnx.Rngs(seed))
    schedule = optax.cosine_decay_schedule(2e-3, decay_steps=epochs * steps)
    optimizer = nnx.Optimizer(model, optax.adam(schedule), wrt=nnx.Param)
    shuffle = np.random.default_rng(seed)

    for epoch in range(1, epochs + 1):
        model.train()
        batches = shuffle.permutation(len(labels))[: steps * batch_size].reshape(steps, -1)
        progress = track(
            batches, f"epoch {epoch}/{epochs}", transient=True, disable=not sys.stdout.isatty()
        )
        losses = [train_step(model, optimizer, images[i], labels[i]) for i in progress]
        test_accuracy = accuracy(model, test_split)
        print(f"epoch {epoch}: loss {np.mean(losses):.3f}, test accuracy {test_accuracy:.4f}")
    return test_accuracy


def positive(text: str) -> int:
    """An integer of at least one, from the command line."""
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains LeNet-5 on Fashion-MNIST.")
    parser.add_argument("--data", type=Path, default=DEBIAN_FOLDER, help="folder of the IDX files")
    parser.add_argument("--epochs", type=positive, default=3)
    parser.add_argument("--batch-size", type=positive, default=64)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        splits = read_split(options.data, "train"), read_split(options.data, "t10k")
        train(*splits, options.epochs, options.batch_size, options.seed)
    except DataError as error:
        sys.exit(f"error: {error}\nSee --data, and the head of {Path(__file__).name}.")


if __name__ == "__main__":
    main()
