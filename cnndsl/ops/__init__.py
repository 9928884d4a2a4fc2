"""The ops of the language: signatures, shape rules, tensors and cost. No Flax here."""

from __future__ import annotations

from cnndsl.ops import (
    activation,
    axes,
    conv,
    dense,
    elementwise,
    learned,
    lenet,
    merge,
    noise,
    norm,
    pool,
    resample,
    scale,
    shape,
)
from cnndsl.ops.base import Join, Op

GROUPS: dict[str, tuple[type[Op], ...]] = {
    "Convolution": (conv.Conv, conv.Depthwise, conv.Separable, conv.ConvTranspose),
    "Dense": (dense.Dense,),
    "Normalization": (
        norm.BatchNorm,
        norm.LayerNorm,
        norm.GroupNorm,
        norm.InstanceNorm,
        norm.RMSNorm,
        norm.GlobalResponseNorm,
        norm.LocalResponseNorm,
        axes.L2Normalize,
    ),
    "Activation": (
        activation.Relu,
        activation.Relu6,
        activation.LeakyRelu,
        activation.Elu,
        activation.Selu,
        activation.Gelu,
        activation.Swish,
        activation.Sigmoid,
        activation.HardSigmoid,
        activation.HardSwish,
        activation.Tanh,
        activation.ScaledTanh,
        activation.Softplus,
        activation.Softmax,
        activation.PRelu,
        activation.Mish,
        activation.Celu,
        activation.Glu,
    ),
    "Pooling": (
        pool.MaxPool,
        pool.AvgPool,
        pool.GlobalAvgPool,
        pool.GlobalMaxPool,
        resample.AdaptiveAvgPool,
    ),
    "Axes": (axes.ReduceMean, axes.ReduceMax, axes.ReduceSum, axes.Expand, axes.Transpose),
    "LeNet": (lenet.Subsample, lenet.Rbf),
    "Shape": (
        shape.Flatten,
        shape.Reshape,
        shape.Pad,
        shape.Crop,
        shape.Channels,
        shape.PadChannels,
        shape.Shuffle,
        shape.Upsample,
        resample.Resize,
        resample.PixelShuffle,
        resample.SpaceToDepth,
    ),
    "Elementwise": (
        elementwise.Abs,
        elementwise.Square,
        elementwise.Sqrt,
        elementwise.Exp,
        elementwise.Log,
        elementwise.Clip,
    ),
    "Noise": (noise.Dropout, noise.DropPath),
    "Scale": (scale.Scale, scale.LayerScale, scale.Normalize, scale.Rescale),
}

OPS: dict[str, type[Op]] = {op.name: op for group in GROUPS.values() for op in group}
ACTIVATIONS = tuple(op.name for op in GROUPS["Activation"])
NORMS = tuple(op.name for op in GROUPS["Normalization"])
# What statements make, and no chain names: `param gate = ones([1, 1, 64])`.
SOURCES: dict[str, type[Op]] = {op.name: op for op in (learned.Param, learned.Constant)}
MERGES: dict[str, Join] = {
    join.name: join
    for join in (
        merge.Add(),
        merge.Concat(),
        merge.Mul(),
        merge.Sub(),
        merge.Div(),
        merge.Maximum(),
        merge.Minimum(),
        merge.Matmul(),
    )
}

# What came after version 1 of the language gives way to a spec's own name for something else.
ADDED = frozenset(
    "instance_norm rms_norm grn l2_normalize mish celu glu adaptive_avg_pool reduce_mean "
    "reduce_max reduce_sum expand transpose resize pixel_shuffle space_to_depth abs square sqrt "
    "exp log clip sub div maximum minimum matmul".split()
)
