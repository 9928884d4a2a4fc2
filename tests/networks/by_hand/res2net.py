"""Res2Net-50, (N, H, W, 3) to (N, classes)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

PAD = ((1, 1), (1, 1))  # flax pools with pairs too, though its annotation says `str`


class ConvBN(nnx.Module):
    def __init__(
        self, features_in: int, features: int, kernel: int, stride: int = 1, *, rngs: nnx.Rngs
    ) -> None:
        self.conv = nnx.Conv(
            features_in,
            features,
            (kernel, kernel),
            strides=stride,
            padding=kernel // 2,
            use_bias=False,
            rngs=rngs,
        )
        self.bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.bn(self.conv(x))


class Bottle2neck(nnx.Module):
    def __init__(
        self,
        features_in: int,
        planes: int,
        base: int,
        splits: int,
        stride: int,
        *,
        first: bool,
        rngs: nnx.Rngs,
    ) -> None:
        width = planes * base // 64
        self.splits = splits
        self.stride = stride
        self.first = first
        self.reduce = ConvBN(features_in, width * splits, 1, rngs=rngs)
        self.convs = nnx.List(ConvBN(width, width, 3, stride, rngs=rngs) for _ in range(splits - 1))
        self.expand = ConvBN(width * splits, 4 * planes, 1, rngs=rngs)
        self.project = ConvBN(features_in, 4 * planes, 1, stride, rngs=rngs) if first else None

    def __call__(self, x: jax.Array) -> jax.Array:
        *parts, last = jnp.split(jax.nn.relu(self.reduce(x)), self.splits, axis=-1)
        done: list[jax.Array] = []
        for part, conv in zip(parts, self.convs, strict=True):
            seen = part if self.first or not done else part + done[-1]
            done.append(jax.nn.relu(conv(seen)))
        if self.first:
            strides = (self.stride, self.stride)
            last = nnx.avg_pool(last, (3, 3), strides=strides, padding=PAD)  # pyright: ignore[reportArgumentType]
        y = self.expand(jnp.concatenate([*done, last], axis=-1))
        return jax.nn.relu(y + (x if self.project is None else self.project(x)))


class Res2Net50(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        depths: Sequence[int] = (3, 4, 6, 3),
        base: int = 26,
        splits: int = 4,
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = ConvBN(3, 64, 7, 2, rngs=rngs)
        features = 64
        blocks = []
        for i, depth in enumerate(depths):
            planes = 64 * 2**i
            for j in range(depth):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(
                    Bottle2neck(features, planes, base, splits, stride, first=j == 0, rngs=rngs)
                )
                features = 4 * planes
        self.blocks = nnx.List(blocks)
        self.fc = nnx.Linear(features, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.stem(x))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=PAD)  # pyright: ignore[reportArgumentType]
        for block in self.blocks:
            x = block(x)
        return self.fc(x.mean(axis=(1, 2)))
