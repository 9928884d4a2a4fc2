"""Activations. They leave shapes alone and, but for `prelu`, learn nothing.

>>> Relu.make({}).output((112, 112, 64))
(112, 112, 64)
"""

from __future__ import annotations

from dataclasses import dataclass

from cnndsl.ops import kinds, words
from cnndsl.ops.axes import check_axis
from cnndsl.ops.base import Op, Reject, Shape, arg
from cnndsl.ops.spelled import show
from cnndsl.ops.weighted import Weighted


class Activation(Op):
    def output(self, x: Shape) -> Shape:
        return x


class Relu(Activation):
    """max(x, 0).

    Source:
      Nair & Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.
    """

    name = "relu"
    rectifies = True


class Relu6(Activation):
    """min(max(x, 0), 6).

    Source:
      Sandler et al., "MobileNetV2", 2018 (arXiv:1801.04381).
    """

    name = "relu6"
    rectifies = True


@dataclass(frozen=True)
class LeakyRelu(Activation):
    """x where it is positive, else slope * x.

    Source:
      Maas et al., "Rectifier nonlinearities improve neural network acoustic models", 2013.
    """

    name = "leaky_relu"
    rectifies = True

    slope: float = arg(kinds.NUMBER, 0.01, "factor of negative values")


class Elu(Activation):
    """x where it is positive, else exp(x) - 1.

    Source:
      Clevert et al., 2015 (arXiv:1511.07289).
    """

    name = "elu"
    rectifies = True


class Selu(Activation):
    """1.0507 * elu with 1.6733 as its scale below zero.

    Source:
      Klambauer et al., "Self-normalizing neural networks", 2017 (arXiv:1706.02515).
    """

    name = "selu"


class Gelu(Activation):
    """x times the normal distribution function of x.

    Source:
      Hendrycks & Gimpel, 2016 (arXiv:1606.08415).
    """

    name = "gelu"
    rectifies = True


class Swish(Activation):
    """x * sigmoid(x), also known as SiLU.

    Source:
      Ramachandran et al., "Searching for activation functions", 2017 (arXiv:1710.05941).
    """

    name = "swish"
    rectifies = True


class Sigmoid(Activation):
    """1 / (1 + exp(-x))."""

    name = "sigmoid"


class HardSigmoid(Activation):
    """relu6(x + 3) / 6.

    Source:
      Howard et al., "Searching for MobileNetV3", 2019 (arXiv:1905.02244).
    """

    name = "hard_sigmoid"


class HardSwish(Activation):
    """x * relu6(x + 3) / 6.

    Source:
      Howard et al., "Searching for MobileNetV3", 2019 (arXiv:1905.02244).
    """

    name = "hard_swish"
    rectifies = True


class Mish(Activation):
    """x * tanh(softplus(x)).

    Source:
      Misra, "Mish", 2019 (arXiv:1908.08681).
    """

    name = "mish"
    rectifies = True


@dataclass(frozen=True)
class Celu(Activation):
    """x where it is positive, else alpha * (exp(x / alpha) - 1).

    Source:
      Barron, "Continuously differentiable exponential linear units", 2017 (arXiv:1704.07483).
    """

    name = "celu"
    rectifies = True

    alpha: float = arg(kinds.POSITIVE, 1.0, "minus the value far below zero")


class Glu(Op):
    """The first half of the channels times the sigmoid of the second half.

    Shape:
      (h, w, c) to (h, w, c / 2), (c,) to (c / 2,); c is even.
    Source:
      Dauphin et al., "Language modeling with gated convolutional networks", 2016
      (arXiv:1612.08083).

    >>> Glu.make({}).output((28, 28, 128))
    (28, 28, 64)
    """

    name = "glu"

    def output(self, x: Shape) -> Shape:
        if x[-1] % 2:
            raise Reject(f"`glu` halves the channels, and {show(x[-1])} is odd")
        return (*x[:-1], x[-1] // 2)


class Tanh(Activation):
    """Hyperbolic tangent."""

    name = "tanh"


class ScaledTanh(Activation):
    """1.7159 * tanh(2 * x / 3), the squashing function of LeNet-5.

    Source:
      LeCun et al., "Gradient-based learning applied to document recognition", 1998.
    """

    name = "scaled_tanh"


class Softplus(Activation):
    """log(1 + exp(x))."""

    name = "softplus"


@dataclass(frozen=True)
class Softmax(Activation):
    """exp(x) over its sum along an axis. Networks end in logits; the loss applies it.

    Shape:
      Unchanged; a vector has `channels` alone.
    """

    name = "softmax"

    axis: str = arg(words.AXIS, "channels", "what the sum goes along")

    def output(self, x: Shape) -> Shape:
        check_axis(self.axis, x)
        return x

    def sees_everything(self) -> bool:
        return self.axis != "channels"


@dataclass(frozen=True)
class PRelu(Activation, Weighted):
    """x where it is positive, else a learnt slope times x.

    Params:
      slope (c,).
    Source:
      He et al., "Delving deep into rectifiers", 2015 (arXiv:1502.01852).

    >>> PRelu.make({}).params((56, 56, 64))
    {'slope': (64,)}
    """

    name = "prelu"
    rectifies = True

    def params(self, x: Shape) -> dict[str, Shape]:
        return {"slope": (x[-1],)}
