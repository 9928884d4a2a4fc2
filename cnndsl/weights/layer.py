"""The weights of a network as a list of layers: what matching works on."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Literal

import numpy as np

Shape = tuple[int, ...]
Label = tuple[tuple[str, Shape], ...]  # roles and shapes of the weights of a layer
Edges = Literal["zeros", "map"]  # what a pool sees where its window leaves the map
Edge = tuple[int, int]  # a layer's index (-1: the image) and the channel its output begins at

# How frameworks call what flax calls kernel, bias, scale, mean and var.
ROLES = {
    "gamma": "scale",
    "beta": "bias",
    "moving_mean": "mean",
    "moving_variance": "var",
    "running_mean": "mean",
    "running_var": "var",
    "depthwise_kernel": "kernel",
    "pointwise_kernel": "kernel",
    "layer_scale": "scale",
    "scale_weight": "scale",
}


@dataclass(frozen=True)
class Tensor:
    """A named array, laid out as flax lays it out.

    Attributes:
      read: its values, read when they are needed; None for a place that is to be filled.
      channels_first: whether the rows of a dense kernel count a flattened map as (C, H, W).
      transposed: whether this place is the kernel of a transposed convolution.
      of_undone: whether such a kernel would be kept here as that of the convolution it undoes.
    """

    name: str
    shape: Shape
    read: Callable[[], np.ndarray] | None = field(default=None, compare=False, repr=False)
    channels_first: bool = False
    transposed: bool = False
    of_undone: bool = False


@dataclass(frozen=True)
class Window:
    """How a convolution or a pool moves over a map; all by axis, in pixels.

    Attributes:
      kernel: its extent, with its dilation.
      padding: what lies around the map, whoever laid it there.
      sizes: of the map without that.
    """

    kernel: Shape
    strides: Shape
    padding: tuple[tuple[int, int], ...]
    sizes: Shape


@dataclass(frozen=True)
class Pool:
    """A pool, and what it sees: None where it does not leave the map, or zeros change nothing."""

    kind: Literal["max", "average"]
    window: Window
    edges: Edges | None = None


@dataclass(frozen=True)
class Setting:
    """What a layer does that its weights do not tell.

    Attributes:
      epsilon: of a norm.
      window: of a convolution.
      activations: what follows it, before the next layer: relu, clip, sigmoid, tanh.
    """

    epsilon: float | None = None
    window: Window | None = None
    activations: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Layer:
    """What one convolution, dense layer or norm holds.

    Attributes:
      name: the path of the layer in its network, with dots.
      tensors: by role: kernel, bias, scale, mean, var, ….
      feeds: the layers whose output reaches this one without passing another; None if unknown.
      flattened: (H, W, C) of the map that this layer receives as a vector, if it is one.
      setting: what its weights do not tell, where the network does.
    """

    name: str
    tensors: Mapping[str, Tensor]
    feeds: tuple[Edge, ...] | None = None
    flattened: Shape | None = None
    setting: Setting | None = None

    @property
    def attribute(self) -> str:
        """The path as Python has it, for a layer of a network: `layer1[0].conv`."""
        return re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", self.name)

    @property
    def label(self) -> Label:
        """The kind of the layer, as far as its weights tell: roles and shapes."""
        return tuple(sorted((role, squeezed(t.shape)) for role, t in self.tensors.items()))

    @property
    def spelled(self) -> str:
        """`kernel 3x3x64x128, bias 128`."""
        return ", ".join(f"{role} {spell(t.shape)}" for role, t in self.tensors.items())


def squeezed(shape: Shape) -> Shape:
    """A 1x1 convolution's kernel holds what a dense layer's does: (1, 1, I, O) is (I, O).

    Likewise that of a convolution along one axis, wherever it runs: (K, 1, I, O) is (K, I, O).
    """
    if len(shape) < 3:
        return shape
    *extents, ins, outs = shape
    while extents and extents[-1] == 1:
        extents.pop()
    return (*extents, ins, outs)


def spell(shape: Shape) -> str:
    return "x".join(map(str, shape)) or "scalar"


def depthwise(shape: Shape) -> Shape:
    """Keras's (H, W, C, multiplier) as flax has it, one group per channel: (H, W, 1, C * M)."""
    return (*shape[:2], 1, prod(shape[2:]))


def count(layers: Sequence[Layer]) -> int:
    """The numbers that the layers hold."""
    return sum(prod(t.shape) for layer in layers for t in layer.tensors.values())


def gives_logits(layer: Layer) -> bool:
    """Whether a layer is of the kind that gives logits: dense, or a 1x1 convolution."""
    return any(role == "kernel" and len(shape) == 2 for role, shape in layer.label)


def ancestors(network: Sequence[Layer]) -> dict[str, int]:
    """By name: the layers before a layer, as the bits of a number; its own bit among them."""
    masks: list[int] = []
    for index, layer in enumerate(network):
        mask = 1 << index
        for owner, _ in layer.feeds or ():
            if 0 <= owner < index:
                mask |= masks[owner]
        masks.append(mask)
    return {layer.name: mask for layer, mask in zip(network, masks, strict=True)}
