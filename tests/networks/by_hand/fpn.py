"""A feature pyramid on a ResNet-50, pooled for a classifier, (N, H, W, 3) to (N, classes)."""

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


class Bottleneck(nnx.Module):
    def __init__(self, features_in: int, width: int, stride: int = 1, *, rngs: nnx.Rngs) -> None:
        out = 4 * width
        self.reduce = ConvBN(features_in, width, 1, rngs=rngs)
        self.conv = ConvBN(width, width, 3, stride, rngs=rngs)
        self.expand = ConvBN(width, out, 1, rngs=rngs)
        self.project = (
            ConvBN(features_in, out, 1, stride, rngs=rngs)
            if stride != 1 or features_in != out
            else None
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.expand(jax.nn.relu(self.conv(jax.nn.relu(self.reduce(x)))))
        return jax.nn.relu(y + (x if self.project is None else self.project(x)))


class FPN50(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        depths: Sequence[int] = (3, 4, 6, 3),
        filters: int = 256,
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = ConvBN(3, 64, 7, 2, rngs=rngs)
        features = 64
        levels, lateral = [], []
        for i, depth in enumerate(depths):
            width = 64 * 2**i
            blocks = []
            for j in range(depth):
                blocks.append(Bottleneck(features, width, 2 if i > 0 and j == 0 else 1, rngs=rngs))
                features = 4 * width
            levels.append(nnx.Sequential(*blocks))
            lateral.append(nnx.Conv(features, filters, (1, 1), rngs=rngs))
        self.levels = nnx.List(levels)
        self.lateral = nnx.List(lateral)
        self.smooth = nnx.List(nnx.Conv(filters, filters, (3, 3), rngs=rngs) for _ in depths)
        self.deep = nnx.Linear(features, classes, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)
        self.fc = nnx.Linear((len(depths) + 1) * filters, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.stem(x))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=PAD)  # pyright: ignore[reportArgumentType]
        bottom_up = []
        for level in self.levels:
            x = level(x)
            bottom_up.append(x)
        merged = self.lateral[-1](x)
        pyramid = [merged]
        for fine, lateral in reversed(list(zip(bottom_up, self.lateral, strict=True))[:-1]):
            height, width = fine.shape[1:3]
            coarse = merged.repeat(2, axis=1).repeat(2, axis=2)
            merged = lateral(fine) + coarse[:, :height, :width]
            pyramid.insert(0, merged)
        smooth = [conv(p) for conv, p in zip(self.smooth, pyramid, strict=True)]
        pooled = [p.mean(axis=(1, 2)) for p in smooth]
        pooled.append(smooth[-1][:, ::2, ::2].max(axis=(1, 2)))
        return self.fc(self.dropout(jnp.concatenate(pooled, axis=-1)))
