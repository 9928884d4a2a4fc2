"""What weights do not carry and yet were trained for: padding, epsilon, activation.

Two networks may hold the same tensors and compute other things, as torchvision's MobileNetV2 and
that of Keras do. A form says which of them a network is, as far as it can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnndsl.weights.layer import Layer, Window

SYMMETRIC = "symmetric"  # as PyTorch pads: as much before a map as behind it
TENSORFLOW = "tensorflow"  # `same`, which pads more behind, where the padding is odd
NEAR = 2  # epsilons of 1e-5 and 1.001e-5 are one, those of 1e-5 and 1e-3 are not
ACTIVATIONS = ("relu", "relu6", "swish", "tanh")


@dataclass(frozen=True)
class Form:
    """What a network computes beyond its weights, or weights were trained for.

    Attributes:
      padding: SYMMETRIC, TENSORFLOW, or None where both come to the same.
      epsilon: of the norms; None without any, or with several.
      activation: that which is used most, one of ACTIVATIONS, or None.
    """

    padding: str | None = None
    epsilon: float | None = None
    activation: str | None = None

    def differences(self, other: Form) -> list[tuple[str, str]]:
        """What this form and another one say about the same thing, where they disagree."""
        found = []
        if None not in (self.padding, other.padding) and self.padding != other.padding:
            found.append((f"{self.padding} padding", f"{other.padding} padding"))
        if self.epsilon and other.epsilon:
            ratio = self.epsilon / other.epsilon
            if not 1 / NEAR < ratio < NEAR:
                found.append((f"epsilon {self.epsilon:.4g}", f"epsilon {other.epsilon:.4g}"))
        if None not in (self.activation, other.activation) and self.activation != other.activation:
            found.append((str(self.activation), str(other.activation)))
        return found

    @property
    def spelled(self) -> str:
        """`symmetric padding, epsilon 1e-05, relu6`."""
        epsilon = f"epsilon {self.epsilon:.4g}" if self.epsilon else None
        padding = f"{self.padding} padding" if self.padding else None
        return ", ".join(part for part in (padding, epsilon, self.activation) if part)


def form_of(layers: Iterable[Layer], pools: Iterable[Window] = ()) -> Form:
    """The form of a network that was traced."""
    settings = [layer.setting for layer in layers if layer.setting is not None]
    convolutions = [s.window for s in settings if s.window is not None]
    paddings = {found for w in (*convolutions, *pools) if (found := padding_of(w)) is not None}
    epsilons = {round(s.epsilon, 9) for s in settings if s.epsilon is not None}
    return Form(
        paddings.pop() if len(paddings) == 1 else None,
        epsilons.pop() if len(epsilons) == 1 else None,
        _activation([s.activations for s in settings]),
    )


def padding_of(window: Window) -> str | None:
    """Whose padding a window with strides has; None where TensorFlow's is symmetric too."""
    found = set()
    for kernel, stride, (low, high), size in zip(
        window.kernel, window.strides, window.padding, window.sizes, strict=True
    ):
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if stride == 1 or total % 2 == 0:
            continue
        if (low, high) == (total // 2, total - total // 2):
            found.add(TENSORFLOW)
        elif low == high > 0:
            found.add(SYMMETRIC)
    return found.pop() if len(found) == 1 else None


def _activation(used: Sequence[frozenset[str]]) -> str | None:
    kinds = [kind for kind in map(_named, used) if kind is not None]
    return max(ACTIVATIONS, key=kinds.count) if kinds else None


def _named(used: frozenset[str]) -> str | None:
    if "clip" in used:
        return "relu6"
    if "sigmoid" in used:
        return "swish"
    return "relu" if "relu" in used else "tanh" if "tanh" in used else None
