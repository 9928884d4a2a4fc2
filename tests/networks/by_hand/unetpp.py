"""UNet++ without deep supervision, (N, H, W, 3) to (N, H, W, classes).

H and W are multiples of 16.
"""

import jax
import jax.numpy as jnp
from flax import nnx

DEPTH = 5


class DoubleConv(nnx.Module):
    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        self.conv1 = nnx.Conv(features_in, features, (3, 3), rngs=rngs)
        self.bn1 = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.conv2 = nnx.Conv(features, features, (3, 3), rngs=rngs)
        self.bn2 = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.bn1(self.conv1(x)))
        return jax.nn.relu(self.bn2(self.conv2(x)))


def double(x: jax.Array) -> jax.Array:
    """Twice the height and width, bilinearly with the centres at half pixels."""
    n, h, w, c = x.shape
    return jax.image.resize(x, (n, 2 * h, 2 * w, c), "bilinear")


class UNetPP(nnx.Module):
    """Node (i, j) is the j-th in the row whose resolution has been halved i times."""

    def __init__(self, classes: int = 1, *, width: int = 32, rngs: nnx.Rngs) -> None:
        widths = [width * 2**i for i in range(DEPTH)]
        self.backbone = nnx.List(
            DoubleConv(before, after, rngs=rngs)
            for before, after in zip([3, *widths], widths, strict=False)
        )
        self.nested = nnx.List(
            nnx.List(
                DoubleConv(j * widths[i] + widths[i + 1], widths[i], rngs=rngs)
                for i in range(DEPTH - j)
            )
            for j in range(1, DEPTH)
        )
        self.head = nnx.Conv(width, classes, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        rows: list[list[jax.Array]] = []
        for i, convs in enumerate(self.backbone):
            x = convs(x if i == 0 else nnx.max_pool(x, (2, 2), strides=(2, 2)))
            rows.append([x])
        for column in self.nested:
            for i, convs in enumerate(column):
                below = double(rows[i + 1][-1])
                rows[i].append(convs(jnp.concatenate([*rows[i], below], axis=-1)))
        return self.head(rows[0][-1])
