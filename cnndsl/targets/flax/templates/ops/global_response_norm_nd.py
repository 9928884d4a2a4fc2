import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class GlobalResponseNormNd(nnx.Module):
    """Scales each channel by its length over all positions, next to that of the others.

    Woo et al., "ConvNeXt V2", 2023 (arXiv:2301.00808).

    (N, ..., features) -> (N, ..., features)
    """

    def __init__(self, features: int, epsilon: float = 1e-6):
        self.scale = nnx.Param(jnp.zeros(features))
        self.bias = nnx.Param(jnp.zeros(features))
        self.epsilon = epsilon
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        x, scale, bias = promote_dtype(
            (x, self.scale[...], self.bias[...]), dtype=self.dtype
        )
        axes = tuple(range(1, x.ndim - 1))
        length = jnp.sqrt(jnp.sum(x * x, axis=axes, keepdims=True))
        response = length / (length.mean(axis=-1, keepdims=True) + self.epsilon)
        return x + scale * (x * response) + bias
