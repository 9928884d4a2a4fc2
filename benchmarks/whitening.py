"""Where airbench begins: a layer that whitens the images, convolutions that hand their input on.

    python -m benchmarks.whitening cifar10.npz start.safetensors --model Airbench94
    cnndsl train Airbench94 --data cifar10.npz --weights start.safetensors

Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, sections 3.2 and 3.3
(arXiv:2404.00498). No initialiser of a spec says either: one needs the images, the other leaves the
rest of a kernel as it is.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from flax import nnx

from cnndsl import zoo
from cnndsl.weights import save

IMAGES = 5_000  # whose patches are looked at
EPSILON = 5e-4  # beside the variances of the directions


def whitening(images: np.ndarray, size: int = 2) -> np.ndarray:
    """A kernel (size, size, C, 2 * size * size * C) for images (N, H, W, C).

    The principal directions of patches of the images as the network sees them, the strongest
    first, each of variance one; then their negatives, since an activation forgets one sign.
    """
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    patches = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, size * size * images.shape[-1])
    variances, directions = np.linalg.eigh(patches.T @ patches / len(patches))
    scaled = (directions / np.sqrt(variances + EPSILON))[:, ::-1]
    kernel = np.concatenate([scaled, -scaled], axis=1)
    return kernel.reshape(size, size, images.shape[-1], -1).astype(np.float32)


def hand_on(kernel: np.ndarray) -> np.ndarray:
    """A kernel (H, W, C, filters) the first C filters of which are the channels that arrive."""
    height, width, channels, filters = kernel.shape
    first = min(channels, filters)
    kernel = kernel.copy()
    kernel[..., :first] = 0
    kernel[height // 2, width // 2, range(first), range(first)] = 1
    return kernel


def begin(model: Any, images: np.ndarray) -> None:
    """Sets an airbench network's convolutions to where it begins, for images as it sees them."""
    frozen = model.whiten_patches_conv
    for _, module in nnx.iter_modules(model):
        if isinstance(module, nnx.Conv):
            kernel = whitening(images) if module is frozen else hand_on(np.asarray(module.kernel))
            module.kernel[...] = kernel


def main() -> None:
    parser = argparse.ArgumentParser(description="Writes the weights with which airbench begins.")
    parser.add_argument("data", type=Path, help="cifar10.npz, as benchmarks.cifar10 writes it")
    parser.add_argument("output", type=Path, help="a .safetensors file")
    parser.add_argument("--model", default="Airbench94")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with np.load(options.data) as data:
        images = data["x_train"][:IMAGES] / np.float32(255)
    model = zoo.create(options.model, rngs=nnx.Rngs(options.seed))
    settings = sys.modules[type(model).__module__].PREPROCESS
    begin(model, (images - np.float32(settings["mean"])) / np.float32(settings["std"]))
    save(model, options.output)
    print(f"{options.output}: where {options.model} begins")


if __name__ == "__main__":
    main()
