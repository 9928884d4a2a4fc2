"""The ops of the language: signatures, shape rules, tensors and cost. No Flax here."""

from __future__ import annotations

from cnndsl.ops import activation, conv, dense, lenet, merge, noise, norm, pool, scale, shape
from cnndsl.ops.base import Join, Op

GROUPS: dict[str, tuple[type[Op], ...]] = {
    "Convolution": (conv.Conv, conv.Depthwise, conv.Separable, conv.ConvTranspose),
    "Dense": (dense.Dense,),
    "Normalization": (norm.BatchNorm, norm.LayerNorm, norm.GroupNorm, norm.LocalResponseNorm),
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
    ),
    "Pooling": (pool.MaxPool, pool.AvgPool, pool.GlobalAvgPool, pool.GlobalMaxPool),
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
    ),
    "Noise": (noise.Dropout, noise.DropPath),
    "Scale": (scale.Scale, scale.LayerScale, scale.Normalize, scale.Rescale),
}

OPS: dict[str, type[Op]] = {op.name: op for group in GROUPS.values() for op in group}
MERGES: dict[str, Join] = {join.name: join for join in (merge.Add(), merge.Concat(), merge.Mul())}
