"""Two stacked hourglasses, (N, H, W, 3) to heat maps (N, H / 4, W / 4, joints).

H and W are multiples of 64.
"""

from __future__ import annotations

import jax
from flax import nnx


class Residual(nnx.Module):
    """(N, H, W, features_in) to (N, H, W, 2 * planes); norms come before convolutions."""

    def __init__(self, features_in: int, planes: int, *, rngs: nnx.Rngs) -> None:
        self.bn1 = nnx.BatchNorm(features_in, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.conv1 = nnx.Conv(features_in, planes, (1, 1), rngs=rngs)
        self.bn2 = nnx.BatchNorm(planes, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.conv2 = nnx.Conv(planes, planes, (3, 3), rngs=rngs)
        self.bn3 = nnx.BatchNorm(planes, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.conv3 = nnx.Conv(planes, 2 * planes, (1, 1), rngs=rngs)
        self.project = (
            nnx.Conv(features_in, 2 * planes, (1, 1), rngs=rngs)
            if features_in != 2 * planes
            else None
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        y = self.conv1(jax.nn.relu(self.bn1(x)))
        y = self.conv2(jax.nn.relu(self.bn2(y)))
        y = self.conv3(jax.nn.relu(self.bn3(y)))
        return y + (x if self.project is None else self.project(x))


def residuals(planes: int, n: int, rngs: nnx.Rngs) -> nnx.Sequential:
    return nnx.Sequential(*(Residual(2 * planes, planes, rngs=rngs) for _ in range(n)))


class Hourglass(nnx.Module):
    """Itself at half the resolution, `depth` times, with the full resolution around it."""

    def __init__(self, depth: int, planes: int, n: int, *, rngs: nnx.Rngs) -> None:
        self.around = residuals(planes, n, rngs)
        self.down = residuals(planes, n, rngs)
        self.inner: Hourglass | nnx.Sequential = (
            Hourglass(depth - 1, planes, n, rngs=rngs) if depth > 1 else residuals(planes, n, rngs)
        )
        self.up = residuals(planes, n, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        small = self.down(nnx.max_pool(x, (2, 2), strides=(2, 2)))
        small = self.up(self.inner(small))
        return self.around(x) + small.repeat(2, axis=1).repeat(2, axis=2)


class Stack(nnx.Module):
    """An hourglass and its heat maps; all but the last also make the next one's input of them."""

    def __init__(self, planes: int, n: int, joints: int, *, last: bool, rngs: nnx.Rngs) -> None:
        features = 2 * planes
        self.hourglass = Hourglass(4, planes, n, rngs=rngs)
        self.residual = residuals(planes, n, rngs)
        self.conv = nnx.Conv(features, features, (1, 1), rngs=rngs)
        self.bn = nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.heat = nnx.Conv(features, joints, (1, 1), rngs=rngs)
        self.from_features = None if last else nnx.Conv(features, features, (1, 1), rngs=rngs)
        self.from_heat = None if last else nnx.Conv(joints, features, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        y = jax.nn.relu(self.bn(self.conv(self.residual(self.hourglass(x)))))
        heat = self.heat(y)
        if self.from_features is not None and self.from_heat is not None:
            x = x + self.from_features(y) + self.from_heat(heat)
        return x, heat


class Hourglass2(nnx.Module):
    def __init__(
        self,
        *,
        joints: int = 16,
        stacks: int = 2,
        n: int = 1,
        planes: int = 128,
        rngs: nnx.Rngs,
    ) -> None:
        self.conv = nnx.Conv(3, 64, (7, 7), strides=2, padding=3, rngs=rngs)
        self.bn = nnx.BatchNorm(64, momentum=0.9, epsilon=1e-5, rngs=rngs)
        self.stem = nnx.List(
            [
                Residual(64, planes // 2, rngs=rngs),
                Residual(planes, planes, rngs=rngs),
                Residual(2 * planes, planes, rngs=rngs),
            ]
        )
        self.stacks = nnx.List(
            Stack(planes, n, joints, last=i == stacks - 1, rngs=rngs) for i in range(stacks)
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.stem[0](jax.nn.relu(self.bn(self.conv(x))))
        x = nnx.max_pool(x, (2, 2), strides=(2, 2))
        x = self.stem[2](self.stem[1](x))
        heat = x
        for stack in self.stacks:
            x, heat = stack(x)
        return heat
