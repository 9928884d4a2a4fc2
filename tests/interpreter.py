"""Runs a network as the compiler elaborated it, without the code generator.

Every layer is written out in plain jax from the language's definition of its op, so that the
generated module has something to be compared with that shares nothing with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp

from cnndsl.ir import Layer, Merged, Network, children
from cnndsl.ops.base import Op

LAYOUT = ("NHWC", "HWIO", "NHWC")

Tensors = dict[str, jax.Array]  # the parameters and the state of one layer, by name
Weights = Iterator[Tensors]  # those of one layer after the other, in order of execution


def interpret(network: Network, images: jax.Array, weights: Weights) -> dict[str, jax.Array]:
    """Every endpoint and `logits`, outside training, for a batch of images."""
    values = {id(network.input): images}
    for record in executed(network.frame):
        if isinstance(record, Layer):
            result = LAYERS[record.op.name](record.op, values[id(record.x)], weights)
        else:
            branches = [values[id(branch.out)] for branch in record.branches]
            result = MERGES[record.element.name](branches)
        values[id(record.out)] = result
    named = {name: values[id(tensor)] for name, tensor in network.endpoints.items()}
    return {**named, "logits": values[id(network.output)]}


def executed(record: Any) -> Iterator[Layer | Merged]:
    """What computes, below a record; a merge after its branches."""
    for child in children(record):
        yield from executed(child)
    if isinstance(record, (Layer, Merged)):
        yield record


# --- windows --------------------------------------------------------------------------


def margins(op: Op, extents: tuple[int, int], spans: tuple[int, int]) -> list[tuple[int, int]]:
    """(before, after) of both axes, for windows that reach over `spans` positions."""
    if op.pad == "valid":
        return [(0, 0), (0, 0)]
    if op.pad != "same":
        return [op.pad[:2], op.pad[2:]]
    pads = []
    for extent, span, stride in zip(extents, spans, op.stride, strict=True):
        missing = max((-(-extent // stride) - 1) * stride + span - extent, 0)
        pads.append((missing // 2, missing - missing // 2))
    return pads


def windows(op: Op, x: jax.Array, fill: float) -> jax.Array:
    """What each window of a pool sees, along a new first axis."""
    pads = margins(op, x.shape[1:3], op.window)
    x = jnp.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    rows, columns = (
        (extent - size) // stride * stride + 1
        for extent, size, stride in zip(x.shape[1:3], op.window, op.stride, strict=True)
    )
    step, across = op.stride
    return jnp.stack(
        [
            x[:, i : i + rows : step, j : j + columns : across]
            for i in range(op.window[0])
            for j in range(op.window[1])
        ]
    )


# --- layers with weights --------------------------------------------------------------


def convolved(op: Op, x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    spans = tuple(d * (k - 1) + 1 for k, d in zip(op.kernel, op.dilation, strict=True))
    pads = margins(op, x.shape[1:3], spans)
    return jax.lax.conv_general_dilated(
        x,
        kernel,
        op.stride,
        pads,
        rhs_dilation=op.dilation,
        dimension_numbers=LAYOUT,
        feature_group_count=groups,
    )


def biased(x: jax.Array, tensors: Tensors) -> jax.Array:
    return x + tensors["bias"] if "bias" in tensors else x


def conv(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    tensors = next(weights)
    kernel = tensors["kernel"]
    if op.connect is not None:
        kernel = connected(op, kernel, x.shape[-1])
    return biased(convolved(op, x, kernel, op.groups), tensors)


def connected(op: Op, taps: jax.Array, channels: int) -> jax.Array:
    """The dense kernel of the listed connections, filter by filter."""
    kernel = jnp.zeros((*op.kernel, channels, op.filters))
    pairs = [(c, f) for f, seen in enumerate(op.connect) for c in seen]
    for index, (channel, unit) in enumerate(pairs):
        kernel = kernel.at[:, :, channel, unit].set(taps[:, :, index])
    return kernel


def depthwise(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    tensors = next(weights)
    return biased(convolved(op, x, tensors["kernel"], x.shape[-1]), tensors)


def separable(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    x = depthwise(op, x, weights)
    tensors = next(weights)
    return biased(jnp.einsum("nhwc,cf->nhwf", x, tensors["kernel"][0, 0]), tensors)


def conv_transpose(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    """A convolution of the input with `stride - 1` zeros between its positions."""
    tensors = next(weights)
    if op.pad == "same":
        pads = []
        for k, s in zip(op.kernel, op.stride, strict=True):
            before = k - 1 if s > k - 1 else -(-(k + s - 2) // 2)
            pads.append((before, k + s - 2 - before))
    else:
        top, bottom, left, right = (0,) * 4 if op.pad == "valid" else op.pad
        height, width = op.kernel[0] - 1, op.kernel[1] - 1
        pads = [(height - top, height - bottom), (width - left, width - right)]
    y = jax.lax.conv_general_dilated(
        x, tensors["kernel"], (1, 1), pads, lhs_dilation=op.stride, dimension_numbers=LAYOUT
    )
    return biased(y, tensors)


def dense(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    tensors = next(weights)
    return biased(x @ tensors["kernel"], tensors)


def affine(x: jax.Array, tensors: Tensors) -> jax.Array:
    return x * tensors.get("scale", 1.0) + tensors.get("bias", 0.0)


def bn(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    tensors = next(weights)
    return affine((x - tensors["mean"]) / jnp.sqrt(tensors["var"] + op.eps), tensors)


def standardized(x: jax.Array, axes: tuple[int, ...], eps: float) -> jax.Array:
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / jnp.sqrt(jnp.square(x - mean).mean(axes, keepdims=True) + eps)


def layer_norm(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    return affine(standardized(x, (-1,), op.eps), next(weights))


def group_norm(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    grouped = x.reshape(*x.shape[:-1], op.groups, -1)
    axes = (*range(1, x.ndim - 1), grouped.ndim - 1)
    return affine(standardized(grouped, axes, op.eps).reshape(x.shape), next(weights))


def subsample(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    tensors = next(weights)
    n, height, width, channels = x.shape
    rows, columns = height // op.window[0], width // op.window[1]
    x = x[:, : rows * op.window[0], : columns * op.window[1]]
    sums = x.reshape(n, rows, op.window[0], columns, op.window[1], channels).sum((2, 4))
    return tensors["coefficient"] * sums + tensors["bias"]


def prelu(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    return jnp.maximum(x, 0) + next(weights)["slope"] * jnp.minimum(x, 0)


def layer_scale(op: Op, x: jax.Array, weights: Weights) -> jax.Array:
    return x * next(weights)["scale"]


# --- layers without -------------------------------------------------------------------


def max_pool(op: Op, x: jax.Array) -> jax.Array:
    return windows(op, x, -jnp.inf).max(0)


def avg_pool(op: Op, x: jax.Array) -> jax.Array:
    sums = windows(op, x, 0.0).sum(0)
    if op.count_pad:
        return sums / (op.window[0] * op.window[1])
    return sums / windows(op, jnp.ones_like(x), 0.0).sum(0)


def lrn(op: Op, x: jax.Array) -> jax.Array:
    below, above = op.size // 2, (op.size - 1) // 2
    padded = jnp.pad(x**2, [(0, 0)] * (x.ndim - 1) + [(below, above)])
    sums = sum(padded[..., i : i + x.shape[-1]] for i in range(op.size))
    return x / (op.k + op.alpha / op.size * sums) ** op.beta


def rbf(op: Op, x: jax.Array) -> jax.Array:
    return -jnp.stack([((x - jnp.array(code)) ** 2).sum(-1) for code in op.codes], -1)


def pad(op: Op, x: jax.Array) -> jax.Array:
    return jnp.pad(x, [(0, 0), op.amount[:2], op.amount[2:], (0, 0)])


def crop(op: Op, x: jax.Array) -> jax.Array:
    top, bottom, left, right = op.amount
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def pad_channels(op: Op, x: jax.Array) -> jax.Array:
    return jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, op.total - x.shape[-1])])


def shuffle(op: Op, x: jax.Array) -> jax.Array:
    step = x.shape[-1] // op.groups
    order = [group * step + i for i in range(step) for group in range(op.groups)]
    return x[..., jnp.array(order)]


def upsample(op: Op, x: jax.Array) -> jax.Array:
    if op.method == "nearest":
        return x.repeat(op.factor[0], 1).repeat(op.factor[1], 2)
    n, height, width, channels = x.shape
    shape = (n, height * op.factor[0], width * op.factor[1], channels)
    return jax.image.resize(x, shape, "bilinear")


def global_pool(reduce: Callable[..., jax.Array]) -> Callable[[Op, jax.Array], jax.Array]:
    return lambda op, x: reduce(x, axis=(1, 2), keepdims=op.keep)


WEIGHTLESS: dict[str, Callable[[Op, jax.Array], jax.Array]] = {
    "relu": lambda op, x: jnp.maximum(x, 0),
    "relu6": lambda op, x: jnp.clip(x, 0, 6),
    "leaky_relu": lambda op, x: jnp.where(x > 0, x, op.slope * x),
    "elu": lambda op, x: jnp.where(x > 0, x, jnp.expm1(x)),
    "selu": lambda op, x: 1.05070098 * jnp.where(x > 0, x, 1.67326324 * jnp.expm1(x)),
    "gelu": lambda op, x: x * jax.scipy.stats.norm.cdf(x),
    "swish": lambda op, x: x / (1 + jnp.exp(-x)),
    "sigmoid": lambda op, x: 1 / (1 + jnp.exp(-x)),
    "hard_sigmoid": lambda op, x: jnp.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda op, x: x * jnp.clip(x + 3, 0, 6) / 6,
    "tanh": lambda op, x: jnp.tanh(x),
    "scaled_tanh": lambda op, x: 1.7159 * jnp.tanh(2 * x / 3),
    "softplus": lambda op, x: jnp.logaddexp(x, 0.0),
    "softmax": lambda op, x: jnp.exp(x) / jnp.exp(x).sum(-1, keepdims=True),
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "global_avg_pool": global_pool(jnp.mean),
    "global_max_pool": global_pool(jnp.max),
    "lrn": lrn,
    "rbf": rbf,
    "flatten": lambda op, x: x.reshape(len(x), -1),
    "reshape": lambda op, x: x.reshape(len(x), *op.shape),
    "pad": pad,
    "crop": crop,
    "channels": lambda op, x: x[..., op.start : op.stop],
    "pad_channels": pad_channels,
    "shuffle": shuffle,
    "upsample": upsample,
    "dropout": lambda op, x: x,
    "drop_path": lambda op, x: x,
    "scale": lambda op, x: x * op.factor,
    "normalize": lambda op, x: (x - jnp.array(op.mean)) / jnp.array(op.std),
    "rescale": lambda op, x: x * op.scale + op.offset,
}


def weightless(name: str) -> Callable[[Op, jax.Array, Weights], jax.Array]:
    return lambda op, x, weights: WEIGHTLESS[name](op, x)


LAYERS: dict[str, Callable[[Op, jax.Array, Weights], jax.Array]] = {
    **{name: weightless(name) for name in WEIGHTLESS},
    "conv": conv,
    "depthwise": depthwise,
    "separable": separable,
    "conv_transpose": conv_transpose,
    "dense": dense,
    "bn": bn,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "subsample": subsample,
    "prelu": prelu,
    "layer_scale": layer_scale,
}


# --- merges ---------------------------------------------------------------------------


def total(branches: list[jax.Array]) -> jax.Array:
    return sum(branches[1:], start=branches[0])


def product(branches: list[jax.Array]) -> jax.Array:
    result = branches[0]
    for branch in branches[1:]:
        result = result * branch
    return result


MERGES: dict[str, Callable[[list[jax.Array]], jax.Array]] = {
    "add": total,
    "mul": product,
    "concat": lambda branches: jnp.concatenate(branches, -1),
}
