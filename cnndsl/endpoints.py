"""The endpoints of a network as a backbone's user asks for them: shapes and reductions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnndsl.ir import Network, Tensor
from cnndsl.ops.base import Shape

Reduction = int | float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One entry of `model.endpoints(x)`.

    `shape` is (height, width, channels), or (features,) of a vector. `reduction` is how many
    pixels of the image lie between neighbouring positions, one for each axis where these differ,
    None for a vector.
    """

    name: str
    shape: Shape
    reduction: Reduction | None
    channels: int


def endpoints_of(network: Network) -> tuple[Endpoint, ...]:
    """In the order in which the network computes them; `logits` is the last one."""
    return tuple(
        Endpoint(name, tuple(tensor.shape), _reduction(tensor), tensor.shape[-1])
        for name, tensor in network.endpoints.items()
    )


def _reduction(tensor: Tensor) -> Reduction | None:
    if len(tensor.shape) == 1:
        return None
    steps = tuple(map(_whole, tensor.jump))
    return steps[0] if len(set(steps)) == 1 else steps


def _whole(pixels: float) -> int | float:
    """An integer where only rounding keeps it from being one, 49 * (1 / 49); else four digits."""
    nearest = round(pixels)
    return nearest if math.isclose(pixels, nearest) else round(pixels, 4)
