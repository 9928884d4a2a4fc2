from typing import Any

import jax
import jax.numpy as jnp
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


def standardized(
    arrays: tuple, /, *, dtype: DTypeLike | None = None, **_: object
) -> Any:
    """Gives the kernel of a layer mean 0 and variance 1 for each feature.

    Qiao et al., "Weight Standardization", 2019 (arXiv:1903.10520).
    """
    x, kernel, bias = arrays
    axes = tuple(range(kernel.ndim - 1))
    centred = kernel - kernel.mean(axis=axes)
    kernel = centred * jax.lax.rsqrt(jnp.square(centred).mean(axis=axes) + 1e-8)
    return promote_dtype((x, kernel, bias), dtype=dtype)
