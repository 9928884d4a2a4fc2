"""A ResNet-20 with CBAM, ECA and coordinate attention, (N, 32, 32, 3) to (N, classes)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx


class ConvBN(nnx.Module):
    def __init__(
        self, features_in: int, features: int, kernel: int = 3, stride: int = 1, *, rngs: nnx.Rngs
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


class Perceptron(nnx.Module):
    """A 1x1 bottleneck on a pooled vector of each image, (N, 1, 1, C) to the same."""

    def __init__(self, features: int, ratio: int = 8, *, rngs: nnx.Rngs) -> None:
        self.squeeze = nnx.Conv(features, features // ratio, (1, 1), rngs=rngs)
        self.excite = nnx.Conv(features // ratio, features, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.excite(jax.nn.relu(self.squeeze(x)))


class CBAM(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.of_mean = Perceptron(features, rngs=rngs)
        self.of_max = Perceptron(features, rngs=rngs)
        self.conv = nnx.Conv(2, 1, (7, 7), use_bias=False, rngs=rngs)
        self.bn = nnx.BatchNorm(1, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        mean = self.of_mean(x.mean(axis=(1, 2), keepdims=True))
        largest = self.of_max(x.max(axis=(1, 2), keepdims=True))
        x = x * jax.nn.sigmoid(mean + largest)
        pooled = [x.mean(axis=-1, keepdims=True), x.max(axis=-1, keepdims=True)]
        return x * jax.nn.sigmoid(self.bn(self.conv(jnp.concatenate(pooled, axis=-1))))


class ECA(nnx.Module):
    """The channels are the positions of its convolution."""

    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.conv = nnx.Conv(1, 1, (1, 3), use_bias=False, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        pooled = x.mean(axis=(1, 2))[:, None, :, None]
        return x * jax.nn.sigmoid(self.conv(pooled)).swapaxes(-1, -2)


class CoordinateAttention(nnx.Module):
    def __init__(self, features: int, ratio: int = 32, *, rngs: nnx.Rngs) -> None:
        hidden = max(8, features // ratio)
        self.conv = nnx.Conv(features, hidden, (1, 1), rngs=rngs)
        self.bn = nnx.BatchNorm(hidden, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.of_rows = nnx.Conv(hidden, features, (1, 1), rngs=rngs)
        self.of_columns = nnx.Conv(hidden, features, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        height = x.shape[1]
        rows = x.mean(axis=2, keepdims=True)  # (N, H, 1, C)
        columns = x.mean(axis=1, keepdims=True).swapaxes(1, 2)  # (N, W, 1, C)
        mixed = self.bn(self.conv(jnp.concatenate([rows, columns], axis=1)))
        mixed = jax.nn.hard_swish(mixed)
        rows = jax.nn.sigmoid(self.of_rows(mixed[:, :height]))
        columns = jax.nn.sigmoid(self.of_columns(mixed[:, height:].swapaxes(1, 2)))
        return x * rows * columns


KINDS = {"cbam": CBAM, "eca": ECA, "coordinate": CoordinateAttention}


class Unit(nnx.Module):
    def __init__(
        self, features_in: int, features: int, kind: str, stride: int, *, rngs: nnx.Rngs
    ) -> None:
        self.conv1 = ConvBN(features_in, features, stride=stride, rngs=rngs)
        self.conv2 = ConvBN(features, features, rngs=rngs)
        self.attend = KINDS[kind](features, rngs=rngs)
        self.project = ConvBN(features_in, features, 1, stride, rngs=rngs) if stride != 1 else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.attend(self.conv2(jax.nn.relu(self.conv1(x))))
        return jax.nn.relu(y + (x if self.project is None else self.project(x)))


class AttentionNet(nnx.Module):
    def __init__(
        self,
        classes: int = 10,
        *,
        rows: Sequence[tuple[str, int]] = (("cbam", 16), ("eca", 32), ("coordinate", 64)),
        n: int = 3,
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = ConvBN(3, 16, rngs=rngs)
        width = 16
        units = []
        for kind, features in rows:
            for _ in range(n):
                stride = 1 if features == width else 2
                units.append(Unit(width, features, kind, stride, rngs=rngs))
                width = features
        self.units = nnx.List(units)
        self.fc = nnx.Linear(width, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.stem(x))
        for unit in self.units:
            x = unit(x)
        return self.fc(x.mean(axis=(1, 2)))
