"""Kernels of transposed convolutions, which Keras and PyTorch keep in another way than flax.

A transposed convolution is the gradient of a convolution. Both libraries keep the kernel of that
one, whose output is the input here: (H, W, O, I), and turned around in H and W against flax's
(H, W, I, O). Nothing in a file tells such a kernel from another; the network that it is for does.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cnndsl.weights.layer import Layer, Tensor

KERNEL = "kernel"


def as_kept(layer: Layer) -> Layer:
    """A layer of a network as its kernel would stand in a file of theirs."""
    kernel = layer.tensors.get(KERNEL)
    if kernel is None or not kernel.transposed:
        return layer
    *extents, ins, outs = kernel.shape
    kept = replace(kernel, shape=(*extents, outs, ins))
    return replace(layer, tensors={**layer.tensors, KERNEL: kept})


def keeps_undone(layer: Layer) -> bool:
    """Whether a layer of a file has a kernel that would stand there in their way."""
    return any(tensor.of_undone for tensor in layer.tensors.values())


def turned(values: np.ndarray, source: Tensor, place: Tensor) -> np.ndarray:
    """The values as flax has them, if they are the kernel of a transposed convolution."""
    if not (source.of_undone and place.transposed):
        return values
    return np.flip(values, tuple(range(values.ndim - 2))).swapaxes(-1, -2)
