"""SKNet-50, (N, H, W, 3) to (N, classes)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

PAD = ((1, 1), (1, 1))  # flax pools with pairs too, though its annotation says `str`


class ConvBN(nnx.Module):
    def __init__(
        self,
        features_in: int,
        features: int,
        kernel: int = 1,
        *,
        stride: int = 1,
        groups: int = 1,
        dilation: int = 1,
        rngs: nnx.Rngs,
    ) -> None:
        self.conv = nnx.Conv(
            features_in,
            features,
            (kernel, kernel),
            strides=stride,
            padding=dilation * (kernel // 2),
            kernel_dilation=dilation,
            feature_group_count=groups,
            use_bias=False,
            rngs=rngs,
        )
        self.bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.bn(self.conv(x))


class SelectiveKernel(nnx.Module):
    """Convolutions with two window sizes, weighed against each other for each channel."""

    def __init__(
        self, features: int, *, stride: int, groups: int = 32, ratio: int = 16, rngs: nnx.Rngs
    ) -> None:
        hidden = max(features // ratio, 32)
        self.convs = nnx.List(
            ConvBN(
                features, features, 3, stride=stride, groups=groups, dilation=dilation, rngs=rngs
            )
            for dilation in (1, 2)
        )
        self.squeeze = ConvBN(features, hidden, rngs=rngs)
        self.weigh = nnx.List(
            nnx.Conv(hidden, features, (1, 1), use_bias=False, rngs=rngs) for _ in range(2)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        looks = jnp.stack([jax.nn.relu(conv(x)) for conv in self.convs])
        pooled = looks.sum(axis=0).mean(axis=(1, 2), keepdims=True)
        hidden = jax.nn.relu(self.squeeze(pooled))
        weights = jax.nn.softmax(jnp.stack([weigh(hidden) for weigh in self.weigh]), axis=0)
        return (weights * looks).sum(axis=0)


class Unit(nnx.Module):
    def __init__(
        self, features_in: int, width: int, *, stride: int = 1, project: bool, rngs: nnx.Rngs
    ) -> None:
        self.reduce = ConvBN(features_in, width, rngs=rngs)
        self.select = SelectiveKernel(width, stride=stride, rngs=rngs)
        self.expand = ConvBN(width, 2 * width, rngs=rngs)
        self.project = ConvBN(features_in, 2 * width, stride=stride, rngs=rngs) if project else None

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.expand(self.select(jax.nn.relu(self.reduce(x))))
        return jax.nn.relu(y + (x if self.project is None else self.project(x)))


class SKNet50(nnx.Module):
    def __init__(
        self,
        classes: int = 1000,
        *,
        depths: Sequence[int] = (3, 4, 6, 3),
        width: int = 128,
        rngs: nnx.Rngs,
    ) -> None:
        self.stem = ConvBN(3, 64, 7, stride=2, rngs=rngs)
        features = 64
        units = []
        for i, depth in enumerate(depths):
            wide = width * 2**i
            for j in range(depth):
                stride = 2 if i > 0 and j == 0 else 1
                units.append(Unit(features, wide, stride=stride, project=j == 0, rngs=rngs))
                features = 2 * wide
        self.units = nnx.List(units)
        self.fc = nnx.Linear(features, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.stem(x))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=PAD)  # pyright: ignore[reportArgumentType]
        for unit in self.units:
            x = unit(x)
        return self.fc(x.mean(axis=(1, 2)))
