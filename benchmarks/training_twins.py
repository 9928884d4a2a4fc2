"""Networks as a careful person writes them in Flax, to time generated ones against."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike


class Bottleneck(nnx.Module):
    """1x1, 3x3 with the stride, 1x1 with four times the width, added to a shortcut."""

    def __init__(
        self, features: int, width: int, stride: int, dtype: DTypeLike, rngs: nnx.Rngs
    ) -> None:
        conv = partial(nnx.Conv, use_bias=False, dtype=dtype, rngs=rngs)
        norm = partial(nnx.BatchNorm, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.conv1 = conv(features, width, (1, 1))
        self.norm1 = norm(width)
        self.conv2 = conv(width, width, (3, 3), strides=stride, padding=1)
        self.norm2 = norm(width)
        self.conv3 = conv(width, 4 * width, (1, 1))
        self.norm3 = norm(4 * width, scale_init=nnx.initializers.zeros)
        self.projects = stride != 1 or features != 4 * width
        if self.projects:
            self.conv4 = conv(features, 4 * width, (1, 1), strides=stride)
            self.norm4 = norm(4 * width)

    def __call__(self, x: jax.Array) -> jax.Array:
        y = nnx.relu(self.norm1(self.conv1(x)).astype(x.dtype))
        y = nnx.relu(self.norm2(self.conv2(y)).astype(x.dtype))
        y = self.norm3(self.conv3(y)).astype(x.dtype)
        if self.projects:
            x = self.norm4(self.conv4(x)).astype(x.dtype)
        return nnx.relu(x + y)


class ResNet50(nnx.Module):
    """He et al., "Deep Residual Learning for Image Recognition", 2015, Table 1."""

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        self.conv = nnx.Conv(
            3, 64, (7, 7), strides=2, padding=3, use_bias=False, dtype=dtype, rngs=rngs
        )
        self.norm = nnx.BatchNorm(64, momentum=0.9, epsilon=1e-5, rngs=rngs)
        blocks = []
        features = 64
        for stage, depth in enumerate((3, 4, 6, 3)):
            width = 64 * 2**stage
            for index in range(depth):
                stride = 2 if stage and index == 0 else 1
                blocks.append(Bottleneck(features, width, stride, dtype, rngs))
                features = 4 * width
        self.blocks = nnx.List(blocks)
        self.dense = nnx.Linear(features, classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.astype(self.dtype)
        x = nnx.relu(self.norm(self.conv(x)).astype(self.dtype))
        x = nnx.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for block in self.blocks:
            x = block(x)
        return self.dense(jnp.mean(x, axis=(1, 2)))


TWINS: dict[str, Callable[..., nnx.Module]] = {"ResNet50": ResNet50}
