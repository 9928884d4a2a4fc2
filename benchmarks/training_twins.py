"""Networks as a careful person writes them in Flax, to time generated ones against.

Convolutions compute in `dtype`, batch norms in float32, as in the generated modules.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike
from training_twin_inception import InceptionV3
from training_twin_layers import ConvNorm


class Bottleneck(nnx.Module):
    """1x1, 3x3 with the stride, 1x1 with four times the width, added to a shortcut."""

    def __init__(
        self, features: int, width: int, stride: int, dtype: DTypeLike, rngs: nnx.Rngs
    ) -> None:
        layer = partial(ConvNorm, epsilon=1e-5, dtype=dtype, rngs=rngs)
        self.reduce = layer(features, width)
        self.conv = layer(width, width, (3, 3), stride, padding=1)
        self.expand = layer(width, 4 * width, act=None, zero=True)
        self.projects = stride != 1 or features != 4 * width
        if self.projects:
            self.project = layer(features, 4 * width, (1, 1), stride, act=None)

    def __call__(self, x: jax.Array) -> jax.Array:
        shortcut = self.project(x) if self.projects else x
        return nnx.relu(shortcut + self.expand(self.conv(self.reduce(x))))


class ResNet50(nnx.Module):
    """He et al., "Deep Residual Learning for Image Recognition", 2015, Table 1."""

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        self.stem = ConvNorm(3, 64, (7, 7), 2, padding=3, epsilon=1e-5, dtype=dtype, rngs=rngs)
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
        x = self.stem(x.astype(self.dtype))
        x = nnx.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for block in self.blocks:
            x = block(x)
        return self.dense(jnp.mean(x, axis=(1, 2)))


class VGG16(nnx.Module):
    """Simonyan & Zisserman, 2014, Table 1, configuration D."""

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        stages = []
        features = 3
        for width, depth in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
            convs = []
            for _ in range(depth):
                convs.append(nnx.Conv(features, width, (3, 3), dtype=dtype, rngs=rngs))
                features = width
            stages.append(nnx.List(convs))
        self.stages = nnx.List(stages)
        self.dense1 = nnx.Linear(7 * 7 * 512, 4096, dtype=dtype, rngs=rngs)
        self.dense2 = nnx.Linear(4096, 4096, dtype=dtype, rngs=rngs)
        self.dense3 = nnx.Linear(4096, classes, dtype=dtype, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.astype(self.dtype)
        for stage in self.stages:
            for conv in stage:
                x = nnx.relu(conv(x))
            x = nnx.max_pool(x, (2, 2), (2, 2))
        x = x.reshape(len(x), -1)
        x = self.dropout(nnx.relu(self.dense1(x)))
        x = self.dropout(nnx.relu(self.dense2(x)))
        return self.dense3(x)


class Dense(nnx.Module):
    """1x1, then 3x3, each behind batch norm and ReLU, appended to what came in."""

    def __init__(self, features: int, growth: int, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        norm = partial(nnx.BatchNorm, momentum=0.9, epsilon=1.001e-5, rngs=rngs)
        conv = partial(nnx.Conv, use_bias=False, dtype=dtype, rngs=rngs)
        self.norm1 = norm(features)
        self.conv1 = conv(features, 4 * growth, (1, 1))
        self.norm2 = norm(4 * growth)
        self.conv2 = conv(4 * growth, growth, (3, 3))

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.conv1(nnx.relu(self.norm1(x).astype(x.dtype)))
        y = self.conv2(nnx.relu(self.norm2(y).astype(x.dtype)))
        return jnp.concatenate([x, y], axis=-1)


class Compress(nnx.Module):
    """Half the features, half the resolution."""

    def __init__(self, features: int, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.norm = nnx.BatchNorm(features, momentum=0.9, epsilon=1.001e-5, rngs=rngs)
        self.conv = nnx.Conv(
            features, features // 2, (1, 1), use_bias=False, dtype=dtype, rngs=rngs
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.conv(nnx.relu(self.norm(x).astype(x.dtype)))
        return nnx.avg_pool(y, (2, 2), (2, 2))


class DenseNet121(nnx.Module):
    """Huang et al., "Densely Connected Convolutional Networks", 2017, Table 1."""

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        self.stem = ConvNorm(3, 64, (7, 7), 2, padding=3, epsilon=1.001e-5, dtype=dtype, rngs=rngs)
        layers: list[nnx.Module] = []
        features = 64
        for stage, depth in enumerate((6, 12, 24, 16)):
            if stage:
                layers.append(Compress(features, dtype, rngs))
                features //= 2
            for _ in range(depth):
                layers.append(Dense(features, 32, dtype, rngs))
                features += 32
        self.layers = nnx.List(layers)
        self.norm = nnx.BatchNorm(features, momentum=0.9, epsilon=1.001e-5, rngs=rngs)
        self.dense = nnx.Linear(features, classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x.astype(self.dtype))
        x = nnx.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))
        for layer in self.layers:
            x = layer(x)  # type: ignore[operator]
        x = nnx.relu(self.norm(x).astype(self.dtype))
        return self.dense(jnp.mean(x, axis=(1, 2)))


class Inverted(nnx.Module):
    """Wider by a 1x1, depthwise, narrower by a 1x1; with `squeeze`, channels weigh each other."""

    def __init__(
        self,
        features: int,
        filters: int,
        kernel: int,
        stride: int,
        expand: int,
        act: Callable[[jax.Array], jax.Array],
        *,
        squeeze: bool = False,
        dtype: DTypeLike,
        rngs: nnx.Rngs,
    ) -> None:
        hidden = expand * features
        layer = partial(ConvNorm, dtype=dtype, rngs=rngs)
        self.expands = expand != 1
        if self.expands:
            self.expand = layer(features, hidden, act=act)
        side = (kernel, kernel)
        self.depthwise = layer(hidden, hidden, side, stride, groups=hidden, act=act)
        self.squeezes = squeeze
        if squeeze:
            conv = partial(nnx.Conv, kernel_size=(1, 1), dtype=dtype, rngs=rngs)
            self.squeeze = conv(hidden, features // 4)
            self.excite = conv(features // 4, hidden)
        self.project = layer(hidden, filters, act=None)
        self.adds = stride == 1 and features == filters

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.depthwise(self.expand(x) if self.expands else x)
        if self.squeezes:
            weights = nnx.swish(self.squeeze(y.mean((1, 2), keepdims=True)))
            y = y * nnx.sigmoid(self.excite(weights))
        y = self.project(y)
        return x + y if self.adds else y


class Mobile(nnx.Module):
    """Inverted bottlenecks by a table of kernel, repeats, filters, expansion and stride."""

    TABLE: tuple[tuple[int, int, int, int, int], ...]
    SQUEEZE: bool
    DROPOUT: float
    act: Callable[[jax.Array], jax.Array]

    def __init__(self, classes: int, *, dtype: DTypeLike, rngs: nnx.Rngs) -> None:
        self.dtype = dtype
        self.stem = ConvNorm(3, 32, (3, 3), 2, act=self.act, dtype=dtype, rngs=rngs)
        block = partial(Inverted, act=self.act, squeeze=self.SQUEEZE, dtype=dtype, rngs=rngs)
        blocks = []
        features = 32
        for kernel, repeats, filters, expand, stride in self.TABLE:
            for index in range(repeats):
                blocks.append(block(features, filters, kernel, 1 if index else stride, expand))
                features = filters
        self.blocks = nnx.List(blocks)
        self.head = ConvNorm(features, 1280, act=self.act, dtype=dtype, rngs=rngs)
        self.dropout = nnx.Dropout(self.DROPOUT, rngs=rngs)
        self.dense = nnx.Linear(1280, classes, dtype=dtype, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem(x.astype(self.dtype))
        for block in self.blocks:
            x = block(x)
        return self.dense(self.dropout(jnp.mean(self.head(x), axis=(1, 2))))


class MobileNetV2(Mobile):
    """Sandler et al., "MobileNetV2", 2018, Table 2."""

    TABLE = (
        *((3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (3, 3, 32, 6, 2), (3, 4, 64, 6, 2)),
        *((3, 3, 96, 6, 1), (3, 3, 160, 6, 2), (3, 1, 320, 6, 1)),
    )
    SQUEEZE, DROPOUT = False, 0.0
    act = staticmethod(nnx.relu6)


class EfficientNetB0(Mobile):
    """Tan & Le, "EfficientNet", 2019, Table 1; without stochastic depth."""

    TABLE = (
        *((3, 1, 16, 1, 1), (3, 2, 24, 6, 2), (5, 2, 40, 6, 2), (3, 3, 80, 6, 2)),
        *((5, 3, 112, 6, 1), (5, 4, 192, 6, 2), (3, 1, 320, 6, 1)),
    )
    SQUEEZE, DROPOUT = True, 0.2
    act = staticmethod(nnx.swish)


def twin(name: str) -> Callable[..., nnx.Module]:
    """The network of that name, written by hand."""
    own = (ResNet50, VGG16, DenseNet121, MobileNetV2, EfficientNetB0, InceptionV3)
    return {each.__name__: each for each in own}[name]
