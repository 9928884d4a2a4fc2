"""WaveNet on one-hot samples, (N, 1, T, classes) to the logits of the sample after each."""

import jax
import jax.numpy as jnp
from flax import nnx


class CausalConv(nnx.Module):
    """A convolution over a sample and the one `dilation` before it."""

    def __init__(self, features_in: int, features: int, dilation: int, *, rngs: nnx.Rngs) -> None:
        self.dilation = dilation
        self.conv = nnx.Conv(
            features_in,
            features,
            (1, 2),
            kernel_dilation=(1, dilation),
            padding="VALID",
            rngs=rngs,
        )

    def __call__(self, x: jax.Array) -> jax.Array:
        return self.conv(jnp.pad(x, ((0, 0), (0, 0), (self.dilation, 0), (0, 0))))


class ResidualLayer(nnx.Module):
    """(N, 1, T, width) to what goes on to the next layer, and to the layer's skip."""

    def __init__(self, width: int, skips: int, dilation: int, *, rngs: nnx.Rngs) -> None:
        self.filter = CausalConv(width, width, dilation, rngs=rngs)
        self.gate = CausalConv(width, width, dilation, rngs=rngs)
        self.skip = nnx.Conv(width, skips, (1, 1), rngs=rngs)
        self.residual = nnx.Conv(width, width, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        z = jnp.tanh(self.filter(x)) * jax.nn.sigmoid(self.gate(x))
        return x + self.residual(z), self.skip(z)


class WaveNet(nnx.Module):
    def __init__(
        self,
        classes: int = 256,
        *,
        cycles: int = 3,
        layers: int = 10,
        width: int = 32,
        skips: int = 512,
        rngs: nnx.Rngs,
    ) -> None:
        self.front = CausalConv(classes, width, 1, rngs=rngs)
        self.layers = nnx.List(
            ResidualLayer(width, skips, 2**i, rngs=rngs)
            for _ in range(cycles)
            for i in range(layers)
        )
        self.hidden = nnx.Conv(skips, skips, (1, 1), rngs=rngs)
        self.out = nnx.Conv(skips, classes, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = self.front(x)
        total = jnp.zeros(())
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.out(jax.nn.relu(self.hidden(jax.nn.relu(total))))
