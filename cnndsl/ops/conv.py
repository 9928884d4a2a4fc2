"""Convolutions: plain, depthwise, separable and transposed."""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds, row_kinds
from cnndsl.ops.base import SPATIAL, Reject, Shape, arg, times
from cnndsl.ops.initial import INITIALIZER, VECTOR_INITIALIZER, Start, check_start
from cnndsl.ops.ranks import divides, grid
from cnndsl.ops.spelled import show, sized
from cnndsl.ops.weighted import Kernelled
from cnndsl.ops.window import Pad, Sizes, by_axis, sides, slide, span

_FILTERS = "channels of the result"
_PAD = "zeros around the map"
_MULTIPLIER = "filters per input channel"
_DILATION = "distance of neighbouring taps"
_BIAS = "add one bias per channel of the result"
_BIAS_INIT = "initializer of the bias"
_INIT = "initializer of the kernel; none lets the compiler choose"


@dataclass(frozen=True)
class Conv(Kernelled):
    """Convolution of a feature map.

    Shape:
      (h, w, c) to (h', w', filters). `same`: ceil(h / stride); `valid` and explicit padding:
      floor((h + padding - span) / stride) + 1, where span is dilation * (kernel - 1) + 1.
    Params:
      kernel (kh, kw, c / groups, filters), bias (filters,). With `connect` only the listed
      connections are weights: kernel (kh, kw, connections).
    MACs:
      h' * w' * kh * kw * c / groups * filters; with `connect`, h' * w' * kh * kw * connections.
    Source:
      LeCun et al., "Gradient-based learning applied to document recognition", 1998; its
      Table I is a `connect`.

    >>> conv = Conv.make({"filters": 64, "kernel": 7, "stride": 2})
    >>> conv.output((224, 224, 3))
    (112, 112, 64)
    >>> conv.params((224, 224, 3))
    {'kernel': (7, 7, 3, 64), 'bias': (64,)}
    """

    name = "conv"
    ranks = SPATIAL

    filters: int = arg(kinds.POSITIVE_INTEGER, doc=_FILTERS)
    kernel: Sizes = arg(kinds.WINDOW, doc="size of the window")
    stride: Sizes = arg(kinds.WINDOW, 1, "step of the window")
    pad: Pad = arg(kinds.CAUSAL_PADDING, "same", _PAD)
    groups: int = arg(kinds.POSITIVE_INTEGER, 1, "independent parts of the channels")
    dilation: Sizes = arg(kinds.WINDOW, 1, _DILATION)
    bias: bool = arg(kinds.FLAG, True, _BIAS)
    connect: tuple[tuple[int, ...], ...] | None = arg(
        row_kinds.CONNECTIONS, None, "sparse connections between input channels and filters"
    )
    init: Start | None = arg(INITIALIZER, None, _INIT)
    bias_init: Start = arg(VECTOR_INITIALIZER, "zeros", _BIAS_INIT)

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        check_start("bias", self.bias, self.bias_init, "zeros")
        divides(self.groups, channels)
        divides(self.groups, self.filters, "filters")
        if self.connect is not None:
            if len(extents) != 2:
                raise Reject("`connect` lists connections of feature maps alone", "connect")
            self._check_connections(self.connect, channels)
            if self.weight is not None:
                raise Reject("a kernel with `connect` is no whole kernel", "weight")
        size = slide(extents, self.kernel, self.stride, self.pad, self.dilation, focus="kernel")
        return (*size, self.filters)

    def _check_connections(self, connect: tuple[tuple[int, ...], ...], channels: int) -> None:
        if self.bias_init != "zeros":
            raise Reject("with `connect` the bias starts at zero", "bias_init")
        if self.groups != 1:
            raise Reject("`connect` and `groups` exclude each other", "connect")
        if len(connect) != self.filters:
            raise Reject(
                f"`connect` lists {len(connect)} filters, but there are {show(self.filters)}",
                "connect",
            )
        for index, seen in enumerate(connect):
            if max(seen) >= channels:
                raise Reject(
                    f"filter {index} sees channel {show(max(seen))}, "
                    f"but the last one is {show(channels - 1)}",
                    "connect",
                )

    def kernels(self, x: Shape) -> dict[str, Shape]:
        return {"kernel": (*self.kernel, *self._weights(x[-1])), **_bias(self.bias, self.filters)}

    def _weights(self, channels: int) -> Shape:
        """The weights of one tap of the kernel."""
        if self.connect is not None:
            return (sum(len(seen) for seen in self.connect),)
        return channels if self.groups == 1 else channels // self.groups, self.filters

    def macs(self, x: Shape) -> int:
        *extents, _ = self.output(x)
        return _product((*extents, *self.kernels(x)["kernel"]))

    def field(self, rank: int = 2) -> tuple[Sizes, Sizes]:
        return span(self.kernel, self.dilation), self.stride


@dataclass(frozen=True)
class Depthwise(Kernelled):
    """Convolution of each channel by itself.

    Shape:
      (h, w, c) to (h', w', c * multiplier), with the sizes of `conv`.
    Params:
      kernel (kh, kw, 1, c * multiplier), bias (c * multiplier,).
    MACs:
      h' * w' * kh * kw * c * multiplier.
    Source:
      Howard et al., "MobileNets", 2017 (arXiv:1704.04861).

    >>> Depthwise.make({"kernel": 3, "stride": 2}).output((112, 112, 64))
    (56, 56, 64)
    """

    name = "depthwise"
    ranks = SPATIAL

    kernel: Sizes = arg(kinds.WINDOW, doc="size of the window")
    stride: Sizes = arg(kinds.WINDOW, 1, "step of the window")
    pad: Pad = arg(kinds.CAUSAL_PADDING, "same", _PAD)
    multiplier: int = arg(kinds.POSITIVE_INTEGER, 1, _MULTIPLIER)
    dilation: Sizes = arg(kinds.WINDOW, 1, _DILATION)
    bias: bool = arg(kinds.FLAG, True, _BIAS)
    init: Start | None = arg(INITIALIZER, None, _INIT)
    bias_init: Start = arg(VECTOR_INITIALIZER, "zeros", _BIAS_INIT)

    def output(self, x: Shape) -> Shape:
        extents, channels = grid(self, x)
        check_start("bias", self.bias, self.bias_init, "zeros")
        size = slide(extents, self.kernel, self.stride, self.pad, self.dilation, focus="kernel")
        return (*size, times(channels, self.multiplier))

    def kernels(self, x: Shape) -> dict[str, Shape]:
        filters = times(x[-1], self.multiplier)
        return {"kernel": (*self.kernel, 1, filters), **_bias(self.bias, filters)}

    def macs(self, x: Shape) -> int:
        return _product(self.output(x)) * _product(self.kernel)

    def field(self, rank: int = 2) -> tuple[Sizes, Sizes]:
        return span(self.kernel, self.dilation), self.stride


@dataclass(frozen=True)
class Separable(Kernelled):
    """Depthwise convolution without a bias, then a 1x1 convolution.

    Shape:
      (h, w, c) to (h', w', filters), with the sizes of `conv`.
    Params:
      depthwise (kh, kw, 1, c * multiplier), pointwise (1, 1, c * multiplier, filters),
      bias (filters,).
    MACs:
      h' * w' * c * multiplier * (kh * kw + filters).
    Source:
      Chollet, "Xception", 2017 (arXiv:1610.02357).

    >>> Separable.make({"filters": 128, "kernel": 3}).params((147, 147, 64))
    {'depthwise': (3, 3, 1, 64), 'pointwise': (1, 1, 64, 128), 'bias': (128,)}
    """

    name = "separable"
    ranks = SPATIAL

    filters: int = arg(kinds.POSITIVE_INTEGER, doc=_FILTERS)
    kernel: Sizes = arg(kinds.WINDOW, doc="size of the depthwise window")
    stride: Sizes = arg(kinds.WINDOW, 1, "step of the window")
    pad: Pad = arg(kinds.CAUSAL_PADDING, "same", _PAD)
    multiplier: int = arg(kinds.POSITIVE_INTEGER, 1, "depthwise filters per input channel")
    dilation: Sizes = arg(kinds.WINDOW, 1, _DILATION)
    bias: bool = arg(kinds.FLAG, True, _BIAS)
    init: Start | None = arg(INITIALIZER, None, "initializer of both kernels; see `conv`")
    bias_init: Start = arg(VECTOR_INITIALIZER, "zeros", _BIAS_INIT)

    def output(self, x: Shape) -> Shape:
        extents, _ = grid(self, x)
        check_start("bias", self.bias, self.bias_init, "zeros")
        size = slide(extents, self.kernel, self.stride, self.pad, self.dilation, focus="kernel")
        return (*size, self.filters)

    def kernels(self, x: Shape) -> dict[str, Shape]:
        width = times(x[-1], self.multiplier)
        return {
            "depthwise": (*self.kernel, 1, width),
            "pointwise": (*((1,) * len(self.kernel)), width, self.filters),
            **_bias(self.bias, self.filters),
        }

    def macs(self, x: Shape) -> int:
        *extents, filters = self.output(x)
        hidden = times(x[-1], self.multiplier)
        return _product((*extents, hidden)) * (_product(self.kernel) + filters)

    def field(self, rank: int = 2) -> tuple[Sizes, Sizes]:
        return span(self.kernel, self.dilation), self.stride


@dataclass(frozen=True)
class ConvTranspose(Kernelled):
    """Transposed convolution: the gradient of a convolution, used to enlarge a feature map.

    Shape:
      (h, w, c) to (h', w', filters). `same`: h * stride; `valid`: (h - 1) * stride + kh;
      explicit padding takes its rows and columns off the latter.
    Params:
      kernel (kh, kw, c, filters), bias (filters,).
    MACs:
      h * w * kh * kw * c * filters: input positions.
    Source:
      Zeiler et al., "Deconvolutional networks", 2010.

    >>> ConvTranspose.make({"filters": 64, "kernel": 4, "stride": 2, "pad": 1}).output((8, 8, 128))
    (16, 16, 64)
    """

    name = "conv_transpose"
    ranks = SPATIAL

    filters: int = arg(kinds.POSITIVE_INTEGER, doc=_FILTERS)
    kernel: Sizes = arg(kinds.WINDOW, doc="size of the window")
    stride: Sizes = arg(kinds.WINDOW, 1, "by how much the map grows")
    pad: Pad = arg(kinds.PADDING, "same", "rows and columns taken off the full result")
    bias: bool = arg(kinds.FLAG, True, _BIAS)
    init: Start | None = arg(INITIALIZER, None, _INIT)
    bias_init: Start = arg(VECTOR_INITIALIZER, "zeros", _BIAS_INIT)

    def output(self, x: Shape) -> Shape:
        extents, _ = grid(self, x)
        check_start("bias", self.bias, self.bias_init, "zeros")
        if self.pad == "same":
            return (*map(times, extents, self.stride), self.filters)
        full = tuple(
            (n - 1) * step + window
            for n, step, window in zip(extents, self.stride, self.kernel, strict=True)
        )
        taken = [before + after for before, after in by_axis(sides(self.pad, len(extents)))]
        if any(away >= n for away, n in zip(taken, full, strict=True)):
            raise Reject(f"the padding takes away all of the {sized(full)} result", "pad")
        return (*(n - away for n, away in zip(full, taken, strict=True)), self.filters)

    def kernels(self, x: Shape) -> dict[str, Shape]:
        return {"kernel": (*self.kernel, x[-1], self.filters), **_bias(self.bias, self.filters)}

    def macs(self, x: Shape) -> int:
        return _product(x) * _product(self.kernel) * self.filters

    def field(self, rank: int = 2) -> tuple[Sizes, tuple[float, ...]]:
        steps = list(zip(self.kernel, self.stride, strict=True))
        return tuple((k + s - 1) // s for k, s in steps), tuple(1 / s for _, s in steps)


def _bias(present: bool, filters: int) -> dict[str, Shape]:
    return {"bias": (filters,)} if present else {}


def _product(extents: Shape) -> int:
    product = extents[0]
    for extent in extents[1:]:
        product = times(product, extent)
    return product
