"""FractalNet with four columns in each block, (N, 32, 32, 3) to (N, classes)."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx

COLUMNS = 4


class Layer(nnx.Module):
    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        self.conv = nnx.Conv(features_in, features, (3, 3), use_bias=False, rngs=rngs)
        self.bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(self.bn(self.conv(x)))


class Fractal(nnx.Module):
    """Column k has 2**k layers; columns that end in the same row go on from their mean."""

    def __init__(self, features_in: int, features: int, rate: float, *, rngs: nnx.Rngs) -> None:
        self.columns = nnx.List(
            nnx.List(
                Layer(features_in if i == 0 else features, features, rngs=rngs) for i in range(2**k)
            )
            for k in range(COLUMNS)
        )
        self.dropout = nnx.Dropout(rate, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        states = [x] * COLUMNS
        rows = 2 ** (COLUMNS - 1)
        for row in range(1, rows + 1):
            ending = []
            for k in reversed(range(COLUMNS)):
                span = rows // 2**k
                if row % span == 0:
                    states[k] = self.columns[k][row // span - 1](states[k])
                    ending.append(k)
            mean = jnp.mean(jnp.stack([states[k] for k in ending]), axis=0)
            for k in ending:
                states[k] = mean
        return self.dropout(nnx.max_pool(states[0], (2, 2), strides=(2, 2)))


class FractalNet40(nnx.Module):
    def __init__(
        self,
        classes: int = 10,
        *,
        rows: Sequence[tuple[int, float]] = (
            (64, 0.0),
            (128, 0.1),
            (256, 0.2),
            (512, 0.3),
            (512, 0.4),
        ),
        rngs: nnx.Rngs,
    ) -> None:
        features_in = 3
        blocks = []
        for features, rate in rows:
            blocks.append(Fractal(features_in, features, rate, rngs=rngs))
            features_in = features
        self.blocks = nnx.List(blocks)
        side = 32 // 2 ** len(rows)
        self.fc = nnx.Linear(side * side * features_in, classes, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        for block in self.blocks:
            x = block(x)
        return self.fc(x.reshape(x.shape[0], -1))
