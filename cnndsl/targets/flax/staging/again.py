"""Shared layers where they run again."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.elaborate.sharing import counterparts
from cnndsl.ir import Instance, Layer, Network


def first_uses(networks: Sequence[Network]) -> dict[Layer | Instance, Layer | Instance]:
    """By what shared layers do where they run again, what they do where they run first."""
    found: dict[Layer | Instance, Layer | Instance] = {}
    for network in networks:
        found.update(counterparts(network))
    for use, first in found.items():
        while first in found:  # that layers run first may be within others that run again
            first = found[first]
        found[use] = first
    return found


def of_several_ranks(networks: Sequence[Network]) -> set[Layer]:
    """All that shared layers do which get tensors of several ranks."""
    ranks: dict[Layer, set[int]] = {}
    uses = [(u, f) for u, f in first_uses(networks).items() if isinstance(u, Layer)]
    for use, first in uses:
        assert isinstance(first, Layer)
        ranks.setdefault(first, {len(first.x.shape)}).add(len(use.x.shape))
    mixed = {first for first, held in ranks.items() if len(held) > 1}
    return mixed | {use for use, first in uses if first in mixed}
