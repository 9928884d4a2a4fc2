"""MobileNetV3-Large, (N, H, W, 3) to (N, classes)."""

from collections.abc import Callable
from typing import NamedTuple

import jax
from flax import nnx


class Row(NamedTuple):
    """A row of the paper's Table 1."""

    kernel: int
    expanded: int
    out: int
    squeeze: bool
    act: Callable[[jax.Array], jax.Array]
    stride: int


TABLE = (
    Row(3, 16, 16, False, jax.nn.relu, 1),
    Row(3, 64, 24, False, jax.nn.relu, 2),
    Row(3, 72, 24, False, jax.nn.relu, 1),
    Row(5, 72, 40, True, jax.nn.relu, 2),
    Row(5, 120, 40, True, jax.nn.relu, 1),
    Row(5, 120, 40, True, jax.nn.relu, 1),
    Row(3, 240, 80, False, jax.nn.hard_swish, 2),
    Row(3, 200, 80, False, jax.nn.hard_swish, 1),
    Row(3, 184, 80, False, jax.nn.hard_swish, 1),
    Row(3, 184, 80, False, jax.nn.hard_swish, 1),
    Row(3, 480, 112, True, jax.nn.hard_swish, 1),
    Row(3, 672, 112, True, jax.nn.hard_swish, 1),
    Row(5, 672, 160, True, jax.nn.hard_swish, 2),
    Row(5, 960, 160, True, jax.nn.hard_swish, 1),
    Row(5, 960, 160, True, jax.nn.hard_swish, 1),
)


def squeezed(channels: int) -> int:
    """A quarter of the channels, to a multiple of 8 and not below nine tenths of it."""
    quarter = channels // 4
    near = max(8, (quarter + 4) // 8 * 8)
    return near + 8 if near < 0.9 * quarter else near


class ConvBN(nnx.Module):
    def __init__(
        self,
        features_in: int,
        features: int,
        kernel: int = 1,
        stride: int = 1,
        groups: int = 1,
        *,
        rngs: nnx.Rngs,
    ) -> None:
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
        self.bn = nnx.BatchNorm(features, momentum=0.99, epsilon=1e-3, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.bn(self.conv(x))


class SqueezeExcite(nnx.Module):
    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.squeeze = nnx.Conv(features, squeezed(features), (1, 1), rngs=rngs)
        self.excite = nnx.Conv(squeezed(features), features, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        weight = self.squeeze(x.mean(axis=(1, 2), keepdims=True))
        return x * jax.nn.hard_sigmoid(self.excite(jax.nn.relu(weight)))


class InvertedResidual(nnx.Module):
    def __init__(self, features_in: int, row: Row, *, rngs: nnx.Rngs) -> None:
        wide = row.expanded
        self.act = row.act
        self.residual = row.stride == 1 and features_in == row.out
        self.expand = ConvBN(features_in, wide, rngs=rngs) if wide != features_in else None
        self.depthwise = ConvBN(wide, wide, row.kernel, row.stride, wide, rngs=rngs)
        self.se = SqueezeExcite(wide, rngs=rngs) if row.squeeze else None
        self.project = ConvBN(wide, row.out, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        y = x if self.expand is None else self.act(self.expand(x))
        y = self.act(self.depthwise(y))
        if self.se is not None:
            y = self.se(y)
        y = self.project(y)
        return x + y if self.residual else y


class MobileNetV3Large(nnx.Module):
    def __init__(self, classes: int = 1000, *, rngs: nnx.Rngs) -> None:
        self.stem = ConvBN(3, 16, 3, 2, rngs=rngs)
        features = 16
        blocks = []
        for row in TABLE:
            blocks.append(InvertedResidual(features, row, rngs=rngs))
            features = row.out
        self.blocks = nnx.List(blocks)
        self.last = ConvBN(features, 6 * features, rngs=rngs)
        self.hidden = nnx.Linear(6 * features, 1280, rngs=rngs)
        self.dropout = nnx.Dropout(0.2, rngs=rngs)
        self.fc = nnx.Linear(1280, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.hard_swish(self.stem(x))
        for block in self.blocks:
            x = block(x)
        x = jax.nn.hard_swish(self.last(x)).mean(axis=(1, 2))
        return self.fc(self.dropout(jax.nn.hard_swish(self.hidden(x))))
