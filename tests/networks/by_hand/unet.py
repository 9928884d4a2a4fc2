"""U-Net with valid convolutions, (N, H, W, 1) to (N, H - 184, W - 184, classes)."""

import jax
import jax.numpy as jnp
from flax import nnx


class DoubleConv(nnx.Module):
    """Loses two pixels on each side."""

    def __init__(self, features_in: int, features: int, *, rngs: nnx.Rngs) -> None:
        self.first = nnx.Conv(features_in, features, (3, 3), padding="VALID", rngs=rngs)
        self.second = nnx.Conv(features, features, (3, 3), padding="VALID", rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        return jax.nn.relu(self.second(jax.nn.relu(self.first(x))))


class Up(nnx.Module):
    """Twice the resolution, beside the middle of `across`."""

    def __init__(self, features: int, *, rngs: nnx.Rngs) -> None:
        self.enlarge = nnx.ConvTranspose(
            2 * features, features, (2, 2), strides=(2, 2), padding="VALID", rngs=rngs
        )
        self.convs = DoubleConv(2 * features, features, rngs=rngs)

    def __call__(self, x: jax.Array, across: jax.Array) -> jax.Array:
        x = self.enlarge(x)
        height, width = x.shape[1:3]
        top = (across.shape[1] - height) // 2
        left = (across.shape[2] - width) // 2
        middle = across[:, top : top + height, left : left + width]
        return self.convs(jnp.concatenate([middle, x], axis=-1))


class UNet(nnx.Module):
    def __init__(self, classes: int = 2, *, width: int = 64, rngs: nnx.Rngs) -> None:
        widths = [width * 2**i for i in range(5)]
        self.down = nnx.List(
            DoubleConv(before, after, rngs=rngs)
            for before, after in zip([1, *widths], widths, strict=False)
        )
        self.dropout = nnx.Dropout(0.5, rngs=rngs)
        self.up = nnx.List(Up(w, rngs=rngs) for w in reversed(widths[:-1]))
        self.head = nnx.Conv(width, classes, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        across = []
        for i, down in enumerate(self.down):
            if i > 0:
                x = nnx.max_pool(x, (2, 2), strides=(2, 2))
            x = down(x)
            if i >= 3:
                x = self.dropout(x)
            across.append(x)
        for up, skip in zip(self.up, reversed(across[:-1]), strict=True):
            x = up(x, skip)
        return self.head(x)
