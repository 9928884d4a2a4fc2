"""CSPDarknet-53 with spatial pyramid pooling, (N, H, W, 3) to (N, classes)."""

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx

leaky = partial(jax.nn.leaky_relu, negative_slope=0.1)


class ConvBN(nnx.Module):
    def __init__(
        self,
        features_in: int,
        features: int,
        kernel: int,
        stride: int = 1,
        *,
        act: Callable[[jax.Array], jax.Array] = jax.nn.mish,
        rngs: nnx.Rngs,
    ) -> None:
        self.act = act
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
        return self.act(self.bn(self.conv(x)))


class Residual(nnx.Module):
    def __init__(self, features: int, hidden: int, *, rngs: nnx.Rngs) -> None:
        self.reduce = ConvBN(features, hidden, 1, rngs=rngs)
        self.conv = ConvBN(hidden, features, 3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return x + self.conv(self.reduce(x))


class CrossStage(nnx.Module):
    """Half the resolution; a part of the channels goes around the residuals."""

    def __init__(
        self, features_in: int, features: int, depth: int, *, full: bool, rngs: nnx.Rngs
    ) -> None:
        part = features if full else features // 2
        self.down = ConvBN(features_in, features, 3, 2, rngs=rngs)
        self.around = ConvBN(features, part, 1, rngs=rngs)
        self.through = ConvBN(features, part, 1, rngs=rngs)
        self.residuals = nnx.List(Residual(part, features // 2, rngs=rngs) for _ in range(depth))
        self.after = ConvBN(part, part, 1, rngs=rngs)
        self.mix = ConvBN(2 * part, features, 1, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.down(x)
        y = self.through(x)
        for residual in self.residuals:
            y = residual(y)
        return self.mix(jnp.concatenate([self.after(y), self.around(x)], axis=-1))


class SpatialPyramid(nnx.Module):
    """The neighbourhoods of three sizes, the smallest window first, then the pixels themselves."""

    windows = (5, 9, 13)

    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        conv = partial(ConvBN, act=leaky, rngs=rngs)
        self.before = nnx.Sequential(
            conv(features_in, features, 1),
            conv(features, 2 * features, 3),
            conv(2 * features, features, 1),
        )
        self.after = conv((len(self.windows) + 1) * features, features, 1)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.before(x)
        pooled = [nnx.max_pool(x, (w, w), padding="SAME") for w in self.windows]
        return self.after(jnp.concatenate([*pooled, x], axis=-1))


class CSPDarknet53(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        depths: Sequence[int] = (1, 2, 8, 8, 4),
        width: int = 32,
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = ConvBN(3, width, 3, rngs=rngs)
        self.stages = nnx.List(
            CrossStage(width * 2**i, width * 2 ** (i + 1), depth, full=i == 0, rngs=rngs)
            for i, depth in enumerate(depths)
        )
        features = width * 2 ** len(depths)
        self.neck = SpatialPyramid(features, features // 2, rngs=rngs)
        self.fc = nnx.Linear(features // 2, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.fc(self.neck(x).mean(axis=(1, 2)))
