"""FCN-16s on ResNet-18, (N, H, W, 3) to (N, H, W, classes)."""

import jax
from flax import nnx


def norm(features: int, rngs: nnx.Rngs) -> nnx.BatchNorm:
    return nnx.BatchNorm(features, momentum=0.9, epsilon=1e-5, rngs=rngs)


class Basic(nnx.Module):
    def __init__(self, features_in: int, features: int, stride: int, *, rngs: nnx.Rngs) -> None:
        def conv(before: int, size: int, step: int) -> nnx.Conv:
            pad = size // 2
            return nnx.Conv(
                before,
                features,
                (size, size),
                strides=step,
                padding=((pad, pad), (pad, pad)),
                use_bias=False,
                rngs=rngs,
            )

        self.first, self.norm1 = conv(features_in, 3, stride), norm(features, rngs)
        self.second, self.norm2 = conv(features, 3, 1), norm(features, rngs)
        self.projects = stride > 1
        if self.projects:
            self.project, self.norm3 = conv(features_in, 1, stride), norm(features, rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        y = jax.nn.relu(self.norm1(self.first(x)))
        y = self.norm2(self.second(y))
        if self.projects:
            x = self.norm3(self.project(x))
        return jax.nn.relu(x + y)


class FCN16(nnx.Module):
    def __init__(self, classes: int = 21, *, rngs: nnx.Rngs) -> None:
        margin = ((3, 3), (3, 3))
        self.stem = nnx.Conv(3, 64, (7, 7), strides=2, padding=margin, use_bias=False, rngs=rngs)
        self.stem_norm = norm(64, rngs)
        self.layers = nnx.List()
        features = 64
        for i in range(4):
            width = 64 * 2**i
            blocks = [Basic(features, width, 1 if i == 0 else 2, rngs=rngs)]
            blocks.append(Basic(width, width, 1, rngs=rngs))
            self.layers.append(nnx.List(blocks))
            features = width
        self.score4 = nnx.Conv(512, classes, (1, 1), rngs=rngs)
        self.score3 = nnx.Conv(256, classes, (1, 1), rngs=rngs)

    def __call__(self, x: jax.Array) -> jax.Array:
        x = jax.nn.relu(self.stem_norm(self.stem(x)))
        x = nnx.max_pool(x, (3, 3), strides=(2, 2), padding=((1, 1), (1, 1)))
        found = []
        for layer in self.layers:
            for block in layer:
                x = block(x)
            found.append(x)
        x = enlarged(self.score4(found[3]), 2) + self.score3(found[2])
        return enlarged(x, 16)


def enlarged(x: jax.Array, factor: int) -> jax.Array:
    n, height, width, channels = x.shape
    return jax.image.resize(x, (n, factor * height, factor * width, channels), "bilinear")
