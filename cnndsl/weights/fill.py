"""Copying matched weights into a network: all of them or none."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

import jax.numpy as jnp
import numpy as np
from flax import nnx

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Layer, Shape, Tensor, gives_logits
from cnndsl.weights.match import Matching, Pair
from cnndsl.weights.network import dotted, weights_of
from cnndsl.weights.transposed import turned

MOST_LISTED = 40


@dataclass(frozen=True)
class Filled:
    """What was copied.

    Attributes:
      pairs: of layers.
      kept: our layers that keep what they had.
      left_out: their layers that were not wanted: a head, or one for training.
      layout: the names by which the file was known, such as `torchvision resnet`.
    """

    pairs: tuple[Pair, ...]
    kept: tuple[Layer, ...] = ()
    left_out: tuple[Layer, ...] = ()
    layout: str | None = None


def fill(model: nnx.Module, matching: Matching) -> Filled:
    """Copies every pair into the model, in the dtype of the model's weights.

    Raises:
      WeightsError: if layers are left over or a weight is not finite; the model is unchanged.
    """
    if not matching.complete:
        raise WeightsError(mismatch(matching), _help(matching))
    values: dict[str, np.ndarray] = {}
    for pair in matching.pairs:
        for role, tensor in pair.ours.tensors.items():
            values[tensor.name] = values_for(pair.theirs.tensors[role], tensor, pair.ours.flattened)
    for path, variable in weights_of(model).items():
        value = values.get(dotted(path))
        if value is not None:
            variable.set_value(jnp.asarray(value, variable.get_value().dtype))
    return Filled(matching.pairs, matching.kept, matching.left_out, matching.layout)


def only_heads(matching: Matching) -> bool:
    """Whether two networks differ in nothing but what gives their logits."""
    layers = (*matching.ours, *matching.theirs)
    return len(matching.ours) == len(matching.theirs) > 0 and all(map(gives_logits, layers))


def _help(matching: Matching) -> str:
    if only_heads(matching):
        return "nothing was loaded; without the head (--skip-head, skip_head=True) the rest fits"
    return "nothing was loaded"


def values_for(source: Tensor, place: Tensor, flattened: Shape | None) -> np.ndarray:
    """The values of a tensor in the order in which the network has them.

    Raises:
      WeightsError: if they cannot be read, or are not finite.
    """
    if source.read is None:
        raise ValueError(f"{source.name} is a place, not a source of values")
    values = source.read()
    if not np.isfinite(values).all():
        raise WeightsError(f"{source.name} holds infinities or NaN", "nothing was loaded")
    if source.channels_first and flattened is not None:
        *extents, channels = flattened
        rows = values.reshape(channels, *extents, -1)
        values = np.moveaxis(rows, 0, -2)
    return turned(values, source, place).reshape(place.shape)


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
