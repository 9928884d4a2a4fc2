import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class Subsample(nnx.Module):
    """LeNet-5's pooling: the sum of each window, times a learned coefficient, plus a
    learned bias; one of each per channel, an average at the start.

    LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998.

    (N, H, W, features) -> (N, H / window[0], W / window[1], features)
    """

    def __init__(self, features: int, window: tuple[int, int]):
        average = 1 / (window[0] * window[1])
        self.coefficient = nnx.Param(jnp.full(features, average))
        self.bias = nnx.Param(jnp.zeros(features))
        self.window = window
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        x, coefficient, bias = promote_dtype(
            (x, self.coefficient[...], self.bias[...]), dtype=self.dtype
        )
        sums = nnx.pool(x, 0.0, jax.lax.add, self.window, self.window, "VALID")
        return coefficient * sums + bias
