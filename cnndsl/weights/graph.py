"""The graph of the layers with weights, from that of all the layers of a file's network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnndsl.weights.layer import Layer
from cnndsl.weights.trace import IMAGE

MOST_EDGES = 1_000_000  # a thousand times those of the largest network
SPLIT = (".depthwise", ".pointwise")  # the two of a separable convolution, in their order


def connected(layers: Sequence[Layer], feeds: Mapping[str, tuple[str, ...]]) -> list[Layer]:
    """The layers in an order in which they can run, each with those that feed it.

    Returns:
      The layers as they are if the graph does not lead to all of them, leads in a circle, or has
      more edges than any network.
    """
    order = _sorted(feeds)
    held: dict[str, list[int]] = {}
    for index, layer in enumerate(layers):
        held.setdefault(_owner(layer.name), []).append(index)
    if order is None or not held.keys() <= feeds.keys():
        return list(layers)
    placed: list[Layer] = []
    reaching: dict[str, set[int]] = {}
    edges_left = MOST_EDGES
    for name in order:
        edges_left -= sum(len(reaching[origin]) for origin in feeds[name])
        if edges_left < 0:
            return list(layers)
        before = set().union(*(reaching[origin] for origin in feeds[name])) or {IMAGE}
        for index in held.get(name, ()):
            edges = tuple((origin, 0) for origin in sorted(before))
            placed.append(replace(layers[index], feeds=edges))
            before = {len(placed) - 1}
        reaching[name] = before
    return placed


def _owner(name: str) -> str:
    for ending in SPLIT:
        name = name.removesuffix(ending)
    return name


def _sorted(feeds: Mapping[str, tuple[str, ...]]) -> list[str] | None:
    """Names after all that feed them; None if there is a circle."""
    waiting = {name: len(set(origins)) for name, origins in feeds.items()}
    following: dict[str, list[str]] = {name: [] for name in feeds}
    for name, origins in feeds.items():
        for origin in dict.fromkeys(origins):
            following[origin].append(name)
    order = [name for name, count in waiting.items() if count == 0]
    for name in order:
        for after in following[name]:
            waiting[after] -= 1
            if waiting[after] == 0:
                order.append(after)
    return order if len(order) == len(feeds) else None
