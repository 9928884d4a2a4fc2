"""Copying matched weights into a network: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import jax.numpy as jnp
import numpy as np
from flax import nnx

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Layer, Shape, Tensor
from cnndsl.weights.match import Matching, Pair
from cnndsl.weights.network import dotted, weights_of

MOST_LISTED = 40


@dataclass(frozen=True)
class Filled:
    """What was copied: the pairs of layers, and our layers that keep what they had."""

    pairs: tuple[Pair, ...]
    kept: tuple[Layer, ...] = ()


def fill(model: nnx.Module, matching: Matching, kept: Sequence[Layer] = ()) -> Filled:
    """Copies every pair into the model, in the dtype of the model's weights.

    Raises:
      WeightsError: if layers are left over or a weight is not finite; the model is unchanged.
    """
    if not matching.complete:
        raise WeightsError(mismatch(matching), "nothing was loaded")
    values: dict[str, np.ndarray] = {}
    for pair in matching.pairs:
        for role, tensor in pair.ours.tensors.items():
            values[tensor.name] = _values(pair.theirs.tensors[role], tensor, pair.ours.flattened)
    for path, variable in weights_of(model).items():
        value = values.get(dotted(path))
        if value is not None:
            variable.set_value(jnp.asarray(value, variable.get_value().dtype))
    return Filled(matching.pairs, tuple(kept))


def _values(source: Tensor, place: Tensor, flattened: Shape | None) -> np.ndarray:
    """The values of a tensor in the order in which the network has them."""
    if source.read is None:
        raise ValueError(f"{source.name} is a place, not a source of values")
    values = source.read()
    if not np.isfinite(values).all():
        raise WeightsError(f"{source.name} holds infinities or NaN", "nothing was loaded")
    if source.channels_first and flattened is not None:
        height, width, channels = flattened
        rows = values.reshape(channels, height, width, -1)
        values = rows.transpose(1, 2, 0, 3)
    return values.reshape(place.shape)


def mismatch(matching: Matching) -> str:
    """What is left over on both sides, layer by layer."""
    lines = [
        f"the networks differ in {len(matching.ours)} of our and {len(matching.theirs)} of their "
        "layers:"
    ]
    rows = list(zip_longest(matching.ours, matching.theirs))
    shown = [
        (
            f"{ours.attribute} ({ours.spelled})" if ours else "-",
            f"{theirs.name} ({theirs.spelled})" if theirs else "-",
        )
        for ours, theirs in rows[:MOST_LISTED]
    ]
    width = max((len(ours) for ours, _ in shown), default=0)
    lines += [f"  {ours:{width}}  {theirs}" for ours, theirs in [("ours", "theirs"), *shown]]
    if len(rows) > MOST_LISTED:
        lines.append(f"  and {len(rows) - MOST_LISTED} more")
    return "\n".join(lines)
