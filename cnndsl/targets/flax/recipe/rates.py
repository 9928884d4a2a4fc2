"""The learning rates of stages, by the attributes that hold their layers."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.elaborate.paths import Paths
from cnndsl.ir import Layer, Network, Node, Staged, children
from cnndsl.targets.flax.attributes import BOTH


def rates_by_path(network: Network, paths: Paths) -> dict[str, float]:
    """What the learning rate is multiplied by, by path as a state has it: `layer1.0`.

    A path is as short as it can be: it leads to layers of its stage alone.
    """
    recipe = network.recipe
    assert recipe is not None
    held = {name: list(_weighted(network, name, paths)) for name, _ in recipe.rates}
    every = set(_weighted(network, None, paths))
    found: dict[str, float] = {}
    for name, factor in recipe.rates:
        others = every.difference(held[name])
        for path in held[name]:
            known = path.split(".")
            starts = (".".join(known[:end]) for end in range(1, len(known) + 1))
            found[next((s for s in starts if not _any_below(s, others)), path)] = factor
    return found


def _any_below(start: str, paths: set[str]) -> bool:
    return any(path == start or path.startswith(f"{start}.") for path in paths)


def _weighted(network: Network, stage: str | None, paths: Paths) -> Iterator[str]:
    """The paths of the layers with parameters in a stage, or of all."""
    stack: list[tuple[Node, bool]] = [(network.frame, stage is None)]
    while stack:
        node, inside = stack.pop()
        inside = inside or (isinstance(node, Staged) and node.name == stage)
        if isinstance(node, Layer) and inside and node.op.params(node.x.shape):
            for path in paths.get(node, node.path).split(BOTH):
                yield path.replace("[", ".").replace("]", "")
        stack += [(child, inside) for child in reversed(list(children(node)))]
