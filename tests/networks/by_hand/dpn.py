"""Dual path networks, (N, H, W, 3) to (N, classes)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

PAD = ((1, 1), (1, 1))  # flax pools with pairs too, though its annotation says `str`


class NormConv(nnx.Module):
    """A convolution whose input is normalized and rectified first."""

    def __init__(
        self,
        features_in: int,
        features: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        rngs: nnx.Rngs,
    ) -> None:
        self.bn = nnx.BatchNorm(features_in, momentum=0.9, epsilon=1e-3, rngs=rngs)
        self.conv = nnx.Conv(
            features_in,
            features,
            (kernel, kernel),
            strides=stride,
            padding=kernel // 2,
            feature_group_count=groups,
            use_bias=False,
            rngs=rngs,
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.conv(jax.nn.relu(self.bn(x)))


class DualPathUnit(nnx.Module):
    """Adds `width` channels to the residual path and `growth` new ones to the dense path."""

    def __init__(
        self,
        features_in: int,
        reduced: int,
        width: int,
        growth: int,
        *,
        stride: int = 1,
        rngs: nnx.Rngs,
    ) -> None:
        self.width = width
        self.reduce = NormConv(features_in, reduced, 1, rngs=rngs)
        self.conv = NormConv(reduced, reduced, 3, stride=stride, groups=32, rngs=rngs)
        self.expand = NormConv(reduced, width + growth, 1, rngs=rngs)

    def __call__(
        self, x: jax.Array, residual: jax.Array, dense: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        y = self.expand(self.conv(self.reduce(x)))
        return residual + y[..., : self.width], jnp.concatenate([dense, y[..., self.width :]], -1)


class DualPathStage(nnx.Module):
    def __init__(
        self,
        features_in: int,
        reduced: int,
        width: int,
        growth: int,
        depth: int,
        *,
        stride: int,
        rngs: nnx.Rngs,
    ) -> None:
        self.width = width
        self.project = NormConv(features_in, width + 2 * growth, 1, stride=stride, rngs=rngs)
        self.units = nnx.List(
            DualPathUnit(
                features_in if i == 0 else width + (2 + i) * growth,
                reduced,
                width,
                growth,
                stride=stride if i == 0 else 1,
                rngs=rngs,
            )
            for i in range(depth)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        residual, dense = jnp.split(self.project(x), [self.width], axis=-1)
        for unit in self.units:
            residual, dense = unit(x, residual, dense)
            x = jnp.concatenate([residual, dense], axis=-1)
        return x


class DPN68(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        stem: tuple[int, int] = (10, 3),
        reduced: int = 128,
        width: int = 64,
        depths: Sequence[int] = (3, 4, 12, 3),
        growths: Sequence[int] = (16, 32, 32, 64),
        rngs: nnx.Rngs,
    ) -> None:
        features, kernel = stem
        self.conv = nnx.Conv(
            3,
            features,
            (kernel, kernel),
            strides=2,
            padding=kernel // 2,
            use_bias=False,
            rngs=rngs,
        )
        self.bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-3, rngs=rngs)
        stages = []
        for i, (depth, growth) in enumerate(zip(depths, growths, strict=True)):
            scale = 2**i
            stages.append(
                DualPathStage(
                    features,
                    reduced * scale,
                    width * scale,
                    growth,
                    depth,
                    stride=1 if i == 0 else 2,
                    rngs=rngs,
                )
            )
            features = width * scale + (2 + depth) * growth
        self.stages = nnx.List(stages)
        self.last_bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-3, rngs=rngs)
        self.fc = nnx.Linear(features, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.bn(self.conv(x)))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=PAD)  # pyright: ignore[reportArgumentType]
        for stage in self.stages:
            x = stage(x)
        return self.fc(jax.nn.relu(self.last_bn(x)).mean(axis=(1, 2)))
