"""HRNet with three branches and a classifier, (N, H, W, 3) to (N, classes).

H and W are multiples of 16.
"""

import functools
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


class Basic(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.first = ConvBN(features, features, rngs=rngs)
        self.second = ConvBN(features, features, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(x + self.second(jax.nn.relu(self.first(x))))


class Bottleneck(nnx.Module):
    def __init__(self, features_in: int, width: int, *, rngs: nnx.Rngs) -> None:
        out = 4 * width
        self.reduce = ConvBN(features_in, width, 1, rngs=rngs)
        self.conv = ConvBN(width, width, 3, rngs=rngs)
        self.expand = ConvBN(width, out, 1, rngs=rngs)
        self.project = ConvBN(features_in, out, 1, rngs=rngs) if features_in != out else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.expand(jax.nn.relu(self.conv(jax.nn.relu(self.reduce(x)))))
        return jax.nn.relu(y + (x if self.project is None else self.project(x)))


class Resample(nnx.Module):
    """From branch `source` to `target`; branch i is 2**i times as wide at 1 / 2**i of the size."""

    def __init__(self, width: int, source: int, target: int, *, rngs: nnx.Rngs) -> None:
        before, after = width * 2**source, width * 2**target
        self.factor = 2 ** (source - target) if source > target else 1
        if source > target:
            self.convs = nnx.List([ConvBN(before, after, 1, rngs=rngs)])
        else:
            steps = target - source
            self.convs = nnx.List(
                ConvBN(before, after if i == steps - 1 else before, stride=2, rngs=rngs)
                for i in range(steps)
            )

    def __call__(self, x: jax.Array) -> jax.Array:
        for conv in self.convs[:-1]:
            x = jax.nn.relu(conv(x))
        x = self.convs[-1](x)
        return x.repeat(self.factor, axis=1).repeat(self.factor, axis=2)


class Module(nnx.Module):
    """Every branch by itself, then every branch to every other."""

    def __init__(self, width: int, branches: int, units: int, *, rngs: nnx.Rngs) -> None:
        self.branches = nnx.List(
            nnx.List(Basic(width * 2**b, rngs=rngs) for _ in range(units)) for b in range(branches)
        )
        self.exchange = nnx.List(
            nnx.List(
                None if source == target else Resample(width, source, target, rngs=rngs)
                for source in range(branches)
            )
            for target in range(branches)
        )

    def __call__(self, xs: Sequence[jax.Array]) -> list[jax.Array]:
        ys = []
        for x, units in zip(xs, self.branches, strict=True):
            for unit in units:
                x = unit(x)
            ys.append(x)
        mixed = []
        for moves in self.exchange:
            moved = [y if move is None else move(y) for y, move in zip(ys, moves, strict=True)]
            mixed.append(jax.nn.relu(functools.reduce(jnp.add, moved)))
        return mixed


class HRNetW18Small(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        width: int = 18,
        units: int = 2,
        modules: tuple[int, int] = (1, 2),
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = nnx.List(
            [ConvBN(3, 64, stride=2, rngs=rngs), ConvBN(64, 64, stride=2, rngs=rngs)]
        )
        self.one = nnx.List(Bottleneck(64 if i == 0 else 256, 64, rngs=rngs) for i in range(units))
        self.to_high = ConvBN(256, width, rngs=rngs)
        self.to_low = ConvBN(256, 2 * width, stride=2, rngs=rngs)
        self.two = nnx.List(Module(width, 2, units, rngs=rngs) for _ in range(modules[0]))
        self.to_lowest = ConvBN(2 * width, 4 * width, stride=2, rngs=rngs)
        self.three = nnx.List(Module(width, 3, units, rngs=rngs) for _ in range(modules[1]))
        self.early = nnx.Linear(width, classes, rngs=rngs)
        self.mix = ConvBN(7 * width, 512, 1, rngs=rngs)
        self.fc = nnx.Linear(512, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for conv in self.stem:
            x = jax.nn.relu(conv(x))
        for unit in self.one:
            x = unit(x)
        xs = [jax.nn.relu(self.to_high(x)), jax.nn.relu(self.to_low(x))]
        for module in self.two:
            xs = module(xs)
        xs = [*xs, jax.nn.relu(self.to_lowest(xs[1]))]
        for module in self.three:
            xs = module(xs)
        n, height, width, _ = xs[0].shape
        same = [
            jax.image.resize(x, (n, height, width, x.shape[-1]), "bilinear", antialias=False)
            for x in xs
        ]
        x = jax.nn.relu(self.mix(jnp.concatenate(same, axis=-1)))
        return self.fc(x.mean(axis=(1, 2)))
