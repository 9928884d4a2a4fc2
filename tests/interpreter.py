"""Runs a network as the compiler elaborated it, without the code generator and without JAX.

Every layer is written out in numpy from the language's definition of its op, so that the
generated module is compared with something that shares nothing with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from cnndsl.ir import Layer, Merged, Network
from cnndsl.ops.base import Op, Shape
from cnndsl.walks import children

Tensors = dict[str, np.ndarray]  # the parameters and the state of one layer, by name
Pads = list[tuple[int, int]]  # (before, after) of height and width


class Weights(Protocol):
    def __call__(self, x: np.ndarray, **shapes: Shape) -> Tensors:
        """The tensors of the layer that gets `x` and holds tensors of these shapes."""


def interpret(
    network: Network, images: list[np.ndarray], weights: Weights
) -> dict[str, np.ndarray]:
    """Every endpoint, outside training, for a batch of images."""
    received = network.received.values()
    values = {id(tensor): x for tensor, x in zip(received, images, strict=True)}
    owned: dict[Layer, list[Tensors]] = {}
    for record in needed(network):
        if isinstance(record, Layer):
            held = Held(weights, owned.get(record.first or record))
            result = LAYERS[record.op.name](record.op, values[id(record.x)], held)
            owned.setdefault(record.first or record, held.tensors)
        else:
            branches = [values[id(branch.out)] for branch in record.branches]
            result = MERGES[record.element.name](branches)
        values[id(record.out)] = result
    return {name: values[id(tensor)] for name, tensor in network.endpoints.items()}


class Held:
    """The weights of a layer: its own, or those of shared layers that ran before."""

    def __init__(self, weights: Weights, before: list[Tensors] | None):
        self.weights = weights
        self.before = before
        self.tensors: list[Tensors] = []

    def __call__(self, x: np.ndarray, **shapes: Shape) -> Tensors:
        found = self.weights(x, **shapes)  # that the module has a layer here
        if self.before is not None:
            found = self.before[len(self.tensors)]
        self.tensors.append(found)
        return found


def needed(network: Network) -> list[Layer | Merged]:
    """What computes and matters to an endpoint, in order of execution."""
    wanted = {id(tensor) for tensor in (network.output, *network.endpoints.values())}
    kept = []
    for record in reversed(list(executed(network.frame))):
        if id(record.out) in wanted:
            merged = isinstance(record, Merged)
            read = [branch.out for branch in record.branches] if merged else [record.x]
            wanted.update(map(id, read))
            kept.append(record)
    return kept[::-1]


def executed(record: Any) -> Iterator[Layer | Merged]:
    """What computes, below a record; a merge after its branches."""
    for child in children(record):
        yield from executed(child)
    if isinstance(record, (Layer, Merged)):
        yield record


# --- windows --------------------------------------------------------------------------


def margins(op: Op, extents: tuple[int, ...], spans: tuple[int, ...]) -> Pads:
    """The padding for windows that reach over `spans` positions."""
    if op.pad == "valid":
        return [(0, 0)] * len(extents)
    if op.pad == "causal":
        return [(span - 1, 0) for span in spans]
    if op.pad != "same":
        return by_axis(op.pad)
    pads = []
    for extent, span, stride in zip(extents, spans, op.stride, strict=True):
        missing = max((-(-extent // stride) - 1) * stride + span - extent, 0)
        pads.append((missing // 2, missing - missing // 2))
    return pads


def by_axis(sides: tuple[int, ...]) -> Pads:
    """Before and after each axis."""
    return [(sides[i], sides[i + 1]) for i in range(0, len(sides), 2)]


def windows(
    x: np.ndarray,
    window: tuple[int, ...],
    stride: tuple[int, ...],
    pads: Pads,
    fill: float = 0.0,
    dilation: tuple[int, ...] | None = None,
) -> np.ndarray:
    """What each window sees: (n, h, w, c) to (n, h', w', c, rows, columns)."""
    dilation = dilation or (1,) * len(window)
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=fill)
    spans = tuple(d * (k - 1) + 1 for k, d in zip(window, dilation, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(x, spans, axis=positions(x))
    steps = [slice(None, None, step) for step in stride]
    taps = [slice(None, None, step) for step in dilation]
    return views[(slice(None), *steps, slice(None), *taps)]


def positions(x: np.ndarray) -> tuple[int, ...]:
    """The axes of a batch that are positions."""
    return tuple(range(1, x.ndim - 1))


# --- layers with weights --------------------------------------------------------------


def convolved(op: Op, x: np.ndarray, kernel: np.ndarray, groups: int) -> np.ndarray:
    spans = tuple(d * (k - 1) + 1 for k, d in zip(op.kernel, op.dilation, strict=True))
    pads = margins(op, x.shape[1:-1], spans)
    seen = windows(x, op.kernel, op.stride, pads, 0.0, op.dilation)
    if kernel.shape[-2] == 1 and groups > 1:
        own = kernel.reshape(*op.kernel, x.shape[-1], -1)
        taps = "ijk"[: len(op.kernel)]
        each = np.einsum(f"...c{taps},{taps}cm->...cm", seen, own)
        return each.reshape(*each.shape[:-2], -1)
    channels = x.ndim - 1
    parts = zip(np.split(seen, groups, axis=channels), np.split(kernel, groups, -1), strict=True)
    return np.concatenate([tapped(a, b) for a, b in parts], -1)


def tapped(seen: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Windows times a kernel: over the channels and all taps."""
    rank = kernel.ndim - 2
    return np.tensordot(seen, kernel, (range(1 + rank, 2 + 2 * rank), (rank, *range(rank))))


def biased(x: np.ndarray, tensors: Tensors) -> np.ndarray:
    return x + tensors["bias"] if "bias" in tensors else x


def weighed(op: Op, x: np.ndarray, weights: Weights, part: str = "", bias: bool = True) -> Tensors:
    """The tensors of a layer with a kernel, which went through what `weight` says."""
    held = op.params(x.shape[1:]) | op.state(x.shape[1:])
    names = {n: n.removeprefix(f"{part}_") for n in held if n.startswith(part) and n != "bias"}
    names = {n: "kernel" if n == part else short for n, short in names.items()}
    shapes = {short: held[n] for n, short in names.items()}
    if bias and "bias" in held:
        shapes["bias"] = held["bias"]
    tensors = dict(weights(x, **shapes))
    kernel = tensors["kernel"]
    axes = tuple(range(kernel.ndim - 1))
    if op.weight == "standardized":
        kernel = (kernel - kernel.mean(axes)) / np.sqrt(kernel.var(axes) + 1e-8)
    elif op.weight == "normalized":
        kernel = kernel * tensors["scale"] / np.sqrt((kernel**2).sum(axes))
    elif op.weight == "scaled":
        centred = kernel - kernel.mean(axes)
        kernel = centred * tensors["scale"] / np.sqrt(np.maximum((centred**2).sum(axes), 1e-4))
    elif op.weight == "spectral":
        matrix = kernel.reshape(-1, kernel.shape[-1])
        v = matrix @ tensors["u"]
        kernel = kernel / np.linalg.norm(v / np.linalg.norm(v) @ matrix)
    return {**tensors, "kernel": kernel}


def conv(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = weighed(op, x, weights)
    kernel = tensors["kernel"]
    if op.connect is not None:
        kernel = connected(op, kernel, x.shape[-1])
    return biased(convolved(op, x, kernel, op.groups), tensors)


def connected(op: Op, taps: np.ndarray, channels: int) -> np.ndarray:
    """The dense kernel of the listed connections, filter by filter."""
    kernel = np.zeros((*op.kernel, channels, op.filters), np.float32)
    pairs = [(c, f) for f, seen in enumerate(op.connect) for c in seen]
    for index, (channel, unit) in enumerate(pairs):
        kernel[:, :, channel, unit] = taps[:, :, index]
    return kernel


def depthwise(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = weighed(op, x, weights)
    return biased(convolved(op, x, tensors["kernel"], x.shape[-1]), tensors)


def separable(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    first = weighed(op, x, weights, "depthwise", bias=False)
    hidden = convolved(op, x, first["kernel"], x.shape[-1])
    tensors = weighed(op, x, lambda _, **shapes: weights(hidden, **shapes), "pointwise")
    return biased(hidden @ tensors["kernel"].reshape(tensors["kernel"].shape[-2:]), tensors)


def conv_transpose(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    """A convolution of the input with `stride - 1` zeros between its positions."""
    tensors = weighed(op, x, weights)
    n, *extents, channels = x.shape
    long = [(size - 1) * step + 1 for size, step in zip(extents, op.stride, strict=True)]
    stretched = np.zeros((n, *long, channels))
    stretched[(slice(None), *(slice(None, None, step) for step in op.stride))] = x
    if op.pad == "same":
        pads = [transposed_same(k, s) for k, s in zip(op.kernel, op.stride, strict=True)]
    else:
        taken = [(0, 0)] * len(extents) if op.pad == "valid" else by_axis(op.pad)
        pads = [(k - 1 - a, k - 1 - b) for k, (a, b) in zip(op.kernel, taken, strict=True)]
    spans = [slice(max(-a, 0), size - max(-b, 0)) for size, (a, b) in zip(long, pads, strict=True)]
    around = [(max(a, 0), max(b, 0)) for a, b in pads]
    ones = (1,) * len(extents)
    seen = windows(stretched[(slice(None), *spans)], op.kernel, ones, around)
    return biased(tapped(seen, tensors["kernel"]), tensors)


def transposed_same(kernel: int, stride: int) -> tuple[int, int]:
    whole = kernel + stride - 2
    before = kernel - 1 if stride > kernel - 1 else -(-whole // 2)
    return before, whole - before


def dense(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = weighed(op, x, weights)
    return biased(x @ tensors["kernel"], tensors)


def norm(op: Op, x: np.ndarray, weights: Weights) -> Tensors:
    """The tensors of a normalisation; flax calls the shift a bias."""
    held = op.params(x.shape[1:]) | op.state(x.shape[1:])
    return weights(x, **{"bias" if n == "shift" else n: shape for n, shape in held.items()})


def affine(x: np.ndarray, tensors: Tensors) -> np.ndarray:
    return x * tensors.get("scale", 1.0) + tensors.get("bias", 0.0)


def bn(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = norm(op, x, weights)
    return affine((x - tensors["mean"]) / np.sqrt(tensors["var"] + op.eps), tensors)


def standardized(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    mean = x.mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(np.square(x - mean).mean(axes, keepdims=True) + eps)


def layer_norm(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    return affine(standardized(x, (-1,), op.eps), norm(op, x, weights))


def group_norm(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    grouped = x.reshape(*x.shape[:-1], op.groups, -1)
    axes = (*range(1, x.ndim - 1), grouped.ndim - 1)
    return affine(standardized(grouped, axes, op.eps).reshape(x.shape), norm(op, x, weights))


def instance_norm(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    return affine(standardized(x, positions(x), op.eps), norm(op, x, weights))


def rms_norm(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    return affine(x / np.sqrt((x**2).mean(-1, keepdims=True) + op.eps), norm(op, x, weights))


def grn(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = norm(op, x, weights)
    length = np.sqrt((x**2).sum(positions(x), keepdims=True))
    return x + affine(x * (length / (length.mean(-1, keepdims=True) + op.eps)), tensors)


def subsample(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = weights(x, **op.params(x.shape[1:]))
    sums = windows(x, op.window, op.window, [(0, 0), (0, 0)]).sum((-2, -1))
    return tensors["coefficient"] * sums + tensors["bias"]


def prelu(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    tensors = weights(x, **op.params(x.shape[1:]))
    return np.maximum(x, 0) + tensors["slope"] * np.minimum(x, 0)


def layer_scale(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    return x * weights(x, **op.params(x.shape[1:]))["scale"]


# --- layers without -------------------------------------------------------------------


def max_pool(op: Op, x: np.ndarray) -> np.ndarray:
    pads = margins(op, x.shape[1:-1], op.window)
    x = np.pad(x, [(0, 0), *pads, (0, 0)], constant_values=-np.inf)
    x = np.pad(x, [(0, 0), *hanging(op, x, pads), (0, 0)], constant_values=-np.inf)
    return windows(x, op.window, op.stride, no_pads(op)).max(taps(op))


def avg_pool(op: Op, x: np.ndarray) -> np.ndarray:
    pads = margins(op, x.shape[1:-1], op.window)
    ones = np.pad(
        np.ones_like(x[:1, ..., :1]),
        [(0, 0), *pads, (0, 0)],
        constant_values=float(op.count_pad),
    )
    x = np.pad(x, [(0, 0), *pads, (0, 0)])
    more = hanging(op, x, pads)
    seen = windows(ones, op.window, op.stride, more).sum(taps(op))
    return windows(x, op.window, op.stride, more).sum(taps(op)) / seen


def no_pads(op: Op) -> Pads:
    return [(0, 0)] * len(op.window)


def taps(op: Op) -> tuple[int, ...]:
    """The axes of `windows` along which a window lies."""
    return tuple(range(-len(op.window), 0))


def hanging(op: Op, x: np.ndarray, pads: Pads) -> Pads:
    """What is behind a padded map where windows may hang over its end.

    There is one window more if it begins on the map or before it.
    """
    if not op.ceil:
        return no_pads(op)
    more = []
    for axis, (window, step, (_, after)) in enumerate(
        zip(op.window, op.stride, pads, strict=True), start=1
    ):
        extent, start = x.shape[axis], 0
        while start + window < extent:
            start += step
        more.append((0, start + window - extent if start < extent - after else 0))
    return more


def lrn(op: Op, x: np.ndarray) -> np.ndarray:
    below, above = op.size // 2, (op.size - 1) // 2
    padded = np.pad(x**2, [(0, 0)] * (x.ndim - 1) + [(below, above)])
    sums = sum(padded[..., i : i + x.shape[-1]] for i in range(op.size))
    return x / (op.k + op.alpha / op.size * sums) ** op.beta


def rbf(op: Op, x: np.ndarray) -> np.ndarray:
    return -np.stack([((x - np.array(code)) ** 2).sum(-1) for code in op.codes], -1)


def pad(op: Op, x: np.ndarray) -> np.ndarray:
    mode = {"zero": "constant", "reflect": "reflect", "edge": "edge"}[op.mode]
    return np.pad(x, [(0, 0), *by_axis(op.amount), (0, 0)], mode=mode)


def crop(op: Op, x: np.ndarray) -> np.ndarray:
    sides = zip(x.shape[1:-1], by_axis(op.amount), strict=True)
    return x[(slice(None), *(slice(before, size - after) for size, (before, after) in sides))]


def pad_channels(op: Op, x: np.ndarray) -> np.ndarray:
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, op.total - x.shape[-1])])


def shuffle(op: Op, x: np.ndarray) -> np.ndarray:
    step = x.shape[-1] // op.groups
    return x[..., [group * step + i for i in range(step) for group in range(op.groups)]]


def upsample(op: Op, x: np.ndarray) -> np.ndarray:
    if op.method == "nearest":
        for axis, factor in enumerate(op.factor, start=1):
            x = x.repeat(factor, axis)
        return x
    for axis, factor in enumerate(op.factor, start=1):
        x = between(x, axis, factor)
    return x


def resize(op: Op, x: np.ndarray) -> np.ndarray:
    """Values of places that are laid out evenly, each at the centre of its share."""
    for axis, size in enumerate(op.size, start=1):
        extent = x.shape[axis]
        places = (np.arange(size) + 0.5) * extent / size
        if op.method == "nearest":
            x = x.take(np.floor(places).astype(int), axis)
            continue
        places = (places - 0.5).clip(0, extent - 1)
        low = np.floor(places).astype(int)
        high = np.minimum(low + 1, extent - 1)
        part = (places - low).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
        x = x.take(low, axis) * (1 - part) + x.take(high, axis) * part
    return x


def adaptive_avg_pool(op: Op, x: np.ndarray) -> np.ndarray:
    out = np.zeros((len(x), *op.size, x.shape[-1]), x.dtype)
    for cell in np.ndindex(*op.size):
        spans = [
            slice(math.floor(i * n / cells), math.ceil((i + 1) * n / cells))
            for i, n, cells in zip(cell, x.shape[1:-1], op.size, strict=True)
        ]
        out[(slice(None), *cell)] = x[(slice(None), *spans)].mean(positions(x))
    return out


def pixel_shuffle(op: Op, x: np.ndarray) -> np.ndarray:
    n, height, width, channels = x.shape
    f = op.factor
    out = np.zeros((n, height * f, width * f, channels // f**2), x.dtype)
    for row in range(f):
        for column in range(f):
            out[:, row::f, column::f] = x[..., row * f + column :: f * f]
    return out


def space_to_depth(op: Op, x: np.ndarray) -> np.ndarray:
    f = op.factor
    return np.concatenate([x[:, i::f, j::f] for i in range(f) for j in range(f)], -1)


def transpose(op: Op, x: np.ndarray) -> np.ndarray:
    height, width = (x.shape[-1], 1) if op.height is None else (op.height, op.width)
    swapped = np.einsum("nhwc->nchw", x)
    return swapped.reshape(len(x), height, width, -1)


def between(x: np.ndarray, axis: int, factor: int) -> np.ndarray:
    """Linear interpolation between the centres of pixels; constant beyond the outermost."""
    places = (np.arange(x.shape[axis] * factor) + 0.5) / factor - 0.5
    places = places.clip(0, x.shape[axis] - 1)
    low = np.floor(places).astype(int)
    high = np.minimum(low + 1, x.shape[axis] - 1)
    part = (places - low).reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return x.take(low, axis) * (1 - part) + x.take(high, axis) * part


def axes(op: Op, x: np.ndarray) -> int | tuple[int, ...]:
    """The axes of a batch that a word means."""
    behind = {"channels": -1, "width": -2, "height": -3, "depth": 1, "length": 1}
    return positions(x) if op.axis == "positions" else behind[op.axis]


def softmax(op: Op, x: np.ndarray) -> np.ndarray:
    powers = np.exp(x - x.max(axes(op, x), keepdims=True))
    return powers / powers.sum(axes(op, x), keepdims=True)


def l2_normalize(op: Op, x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.maximum((x**2).sum(axes(op, x), keepdims=True), op.eps))


def glu(op: Op, x: np.ndarray) -> np.ndarray:
    first, second = np.split(x, 2, -1)
    return first / (1 + np.exp(-second))


normal_distribution = np.vectorize(lambda x: (1 + math.erf(x / math.sqrt(2))) / 2)

WEIGHTLESS: dict[str, Callable[[Op, np.ndarray], np.ndarray]] = {
    "relu": lambda op, x: np.maximum(x, 0),
    "relu6": lambda op, x: x.clip(0, 6),
    "leaky_relu": lambda op, x: np.where(x > 0, x, op.slope * x),
    "elu": lambda op, x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda op, x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))
    ),
    "gelu": lambda op, x: x * normal_distribution(x),
    "swish": lambda op, x: x / (1 + np.exp(-x)),
    "sigmoid": lambda op, x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda op, x: (x + 3).clip(0, 6) / 6,
    "hard_swish": lambda op, x: x * (x + 3).clip(0, 6) / 6,
    "tanh": lambda op, x: np.tanh(x),
    "scaled_tanh": lambda op, x: 1.7159 * np.tanh(2 * x / 3),
    "softplus": lambda op, x: np.logaddexp(x, 0.0),
    "softmax": softmax,
    "mish": lambda op, x: x * np.tanh(np.logaddexp(x, 0.0)),
    "celu": lambda op, x: np.where(x > 0, x, op.alpha * np.expm1(np.minimum(x, 0) / op.alpha)),
    "glu": glu,
    "abs": lambda op, x: np.abs(x),
    "square": lambda op, x: x * x,
    "sqrt": lambda op, x: np.sqrt(x),
    "exp": lambda op, x: np.exp(x),
    "log": lambda op, x: np.log(x),
    "clip": lambda op, x: np.clip(x, op.low, op.high),
    "l2_normalize": l2_normalize,
    "reduce_mean": lambda op, x: x.mean(axes(op, x), keepdims=True),
    "reduce_max": lambda op, x: x.max(axes(op, x), keepdims=True),
    "reduce_sum": lambda op, x: x.sum(axes(op, x), keepdims=True),
    "expand": lambda op, x: np.broadcast_to(x, (len(x), *op.like)),
    "transpose": transpose,
    "resize": resize,
    "adaptive_avg_pool": adaptive_avg_pool,
    "pixel_shuffle": pixel_shuffle,
    "space_to_depth": space_to_depth,
    "max_pool": max_pool,
    "avg_pool": avg_pool,
    "global_avg_pool": lambda op, x: x.mean(positions(x), keepdims=op.keep),
    "global_max_pool": lambda op, x: x.max(positions(x), keepdims=op.keep),
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
    "normalize": lambda op, x: (x - np.array(op.mean)) / np.array(op.std),
    "rescale": lambda op, x: x * op.scale + op.offset,
    "constant": lambda op, x: np.broadcast_to(
        np.array(op.values, x.dtype), (len(x), *op.output(x.shape[1:]))
    ),
}


def weightless(name: str) -> Callable[[Op, np.ndarray, Weights], np.ndarray]:
    return lambda op, x, weights: WEIGHTLESS[name](op, x)


def param(op: Op, x: np.ndarray, weights: Weights) -> np.ndarray:
    value = weights(x, value=op.shape)["value"]
    return np.broadcast_to(value, (len(x), *op.shape))


LAYERS: dict[str, Callable[[Op, np.ndarray, Weights], np.ndarray]] = {
    **{name: weightless(name) for name in WEIGHTLESS},
    "conv": conv,
    "depthwise": depthwise,
    "separable": separable,
    "conv_transpose": conv_transpose,
    "dense": dense,
    "bn": bn,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "instance_norm": instance_norm,
    "rms_norm": rms_norm,
    "grn": grn,
    "subsample": subsample,
    "prelu": prelu,
    "layer_scale": layer_scale,
    "param": param,
}


# --- merges ---------------------------------------------------------------------------


def product(branches: list[np.ndarray]) -> np.ndarray:
    result = branches[0]
    for branch in branches[1:]:
        result = result * branch
    return result


def matmul(branches: list[np.ndarray]) -> np.ndarray:
    a, b = branches
    return np.einsum("nhwk,nkc->nhwc", a, b.reshape(len(b), -1, b.shape[-1]))


MERGES: dict[str, Callable[[list[np.ndarray]], np.ndarray]] = {
    "add": lambda branches: sum(branches[1:], start=branches[0]),
    "mul": product,
    "sub": lambda branches: branches[0] - branches[1],
    "div": lambda branches: branches[0] / branches[1],
    "maximum": lambda branches: np.stack(np.broadcast_arrays(*branches)).max(0),
    "minimum": lambda branches: np.stack(np.broadcast_arrays(*branches)).min(0),
    "matmul": matmul,
    "concat": lambda branches: np.concatenate(branches, -1),
}
