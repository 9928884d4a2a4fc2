import jax
import jax.numpy as jnp
from flax import nnx
from flax.nnx.nn.dtypes import promote_dtype
from jax.typing import DTypeLike


class SparseConv(nnx.Module):
    """A convolution that shows each filter only some of the input channels.

    `connect` lists the channels of every filter. The kernel stores one slice for each
    connection, (height, width, connections), and is dense only while it is applied.

    (N, H, W, in_features) -> (N, H / strides[0], W / strides[1], len(connect))
    """

    def __init__(
        self,
        in_features: int,
        connect: tuple[tuple[int, ...], ...],
        kernel_size: tuple[int, int],
        strides: tuple[int, int] = (1, 1),
        *,
        padding: str | tuple[tuple[int, int], tuple[int, int]] = "SAME",
        kernel_dilation: tuple[int, int] = (1, 1),
        use_bias: bool = True,
        kernel_init: nnx.Initializer,
        rngs: nnx.Rngs,
    ):
        # Filter by filter, because the fan-in is the number of channels that it sees.
        slices = [
            kernel_init(rngs.params(), (*kernel_size, len(seen), 1)) for seen in connect
        ]
        self.kernel = nnx.Param(jnp.concatenate(slices, axis=2)[..., 0])
        self.bias = nnx.data(None)
        if use_bias:
            self.bias = nnx.Param(jnp.zeros(len(connect)))
        self.in_features = in_features
        self.connect = connect
        self.strides = strides
        self.padding = padding
        self.kernel_dilation = kernel_dilation
        self.dtype: DTypeLike | None = None

    def __call__(self, x: jax.Array) -> jax.Array:
        channels = [channel for seen in self.connect for channel in seen]
        filters = [i for i, seen in enumerate(self.connect) for _ in seen]
        x, sparse = promote_dtype((x, self.kernel[...]), dtype=self.dtype)
        shape = (*sparse.shape[:2], self.in_features, len(self.connect))
        kernel = jnp.zeros(shape, sparse.dtype)
        kernel = kernel.at[:, :, jnp.array(channels), jnp.array(filters)].set(sparse)
        y = jax.lax.conv_general_dilated(
            x,
            kernel,
            self.strides,
            self.padding,
            rhs_dilation=self.kernel_dilation,
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return y if self.bias is None else y + self.bias[...].astype(y.dtype)
