"""What weights do not carry and yet were trained for: padding, epsilon, activation, edges of pools.

Two networks may hold the same tensors and compute other things, as torchvision's MobileNetV2 and
that of Keras do. A form says which of them a network is, as far as it can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cnndsl.weights.layer import Edges, Layer, Pool, Window

SYMMETRIC = "symmetric"  # as PyTorch pads: as much before a map as behind it
TENSORFLOW = "tensorflow"  # `same`, which pads more behind, where the padding is odd
NEAR = 2  # epsilons of 1e-5 and 1.001e-5 are one, those of 1e-5 and 1e-3 are not
ACTIVATIONS = ("relu", "relu6", "swish", "tanh")
EDGES: dict[Edges, str] = {"zeros": "see zeros around the map", "map": "see the map alone"}


@dataclass(frozen=True)
class Form:
    """What a network computes beyond its weights, or weights were trained for.

    Attributes:
      padding: SYMMETRIC, TENSORFLOW, or None where both come to the same.
      epsilon: of the norms; None without any, or with several.
      activation: that which is used most, one of ACTIVATIONS, or None.
      max_pools: what they see at the edges of a map; None where they reach none, differ, or where
        zeros are no more than what the map has.
      average_pools: likewise.
    """

    padding: str | None = None
    epsilon: float | None = None
    activation: str | None = None
    max_pools: Edges | None = None
    average_pools: Edges | None = None

    def differences(self, other: Form) -> list[tuple[str, str]]:
        """What this form and another one say about the same thing, where they disagree."""
        pairs = [
            (one, another)
            for one, another in zip(self._said, other._said, strict=True)
            if None not in (one, another) and one != another
        ]
        if self.epsilon and other.epsilon and 1 / NEAR < self.epsilon / other.epsilon < NEAR:
            pairs = [pair for pair in pairs if pair[0] != self._said[1]]
        return [(str(one), str(another)) for one, another in pairs]

    @property
    def spelled(self) -> str:
        """`symmetric padding, epsilon 1e-05, relu6`."""
        return ", ".join(part for part in self._said if part)

    @property
    def _said(self) -> tuple[str | None, ...]:
        """Every attribute in words."""
        return (
            f"{self.padding} padding" if self.padding else None,
            f"epsilon {self.epsilon:.4g}" if self.epsilon else None,
            self.activation,
            f"max pools that {EDGES[self.max_pools]}" if self.max_pools else None,
            f"average pools that {EDGES[self.average_pools]}" if self.average_pools else None,
        )


def form_of(layers: Iterable[Layer], pools: Sequence[Pool] = ()) -> Form:
    """The form of a network that was traced."""
    settings = [layer.setting for layer in layers if layer.setting is not None]
    convolutions = [s.window for s in settings if s.window is not None]
    windows = (*convolutions, *(pool.window for pool in pools))
    paddings = {found for w in windows if (found := padding_of(w)) is not None}
    epsilons = {round(s.epsilon, 9) for s in settings if s.epsilon is not None}
    return Form(
        paddings.pop() if len(paddings) == 1 else None,
        epsilons.pop() if len(epsilons) == 1 else None,
        _activation([s.activations for s in settings]),
        _edges(pool.edges for pool in pools if pool.kind == "max"),
        _edges(pool.edges for pool in pools if pool.kind == "average"),
    )


def _edges(found: Iterable[Edges | None]) -> Edges | None:
    known: set[Edges] = {edges for edges in found if edges is not None}
    return known.pop() if len(known) == 1 else None


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
