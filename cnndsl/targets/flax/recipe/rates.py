"""The attributes that hold the layers of stages, and the learning rates of these."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.elaborate.paths import Paths
from cnndsl.ir import Layer, Network, Node, Staged
from cnndsl.targets.flax.attributes import each_path
from cnndsl.walks import children


def rates_by_path(network: Network, paths: Paths) -> dict[str, float]:
    """What the learning rate is multiplied by, by path as a state has it: `layer1.0`.

    A path is as short as it can be: it leads to layers of its stage alone.
    """
    recipe = network.recipe
    assert recipe is not None
    return {
        path: factor
        for name, factor in recipe.rates
        for path in paths_of_stage(network, name, paths)
    }


def paths_of_stage(
    network: Network, stage: str, paths: Paths, also: frozenset[str] = frozenset()
) -> list[str]:
    """Where a stage has its parameters, each path as short as it can be; none if it has none.

    `also` names ops without parameters that are wanted with them.
    """
    held = list(_held(network, stage, paths, also))
    others = set(_held(network, None, paths, also)).difference(held)
    found: dict[str, None] = {}
    for path in held:
        known = path.split(".")
        starts = (".".join(known[:end]) for end in range(1, len(known) + 1))
        found[next((s for s in starts if not _any_below(s, others)), path)] = None
    return list(found)


def _any_below(start: str, paths: set[str]) -> bool:
    return any(path == start or path.startswith(f"{start}.") for path in paths)


def _held(network: Network, stage: str | None, paths: Paths, also: frozenset[str]) -> Iterator[str]:
    """The paths of the layers with parameters in a stage, or of all."""
    stack: list[tuple[Node, bool]] = [(network.frame, stage is None)]
    while stack:
        node, inside = stack.pop()
        inside = inside or (isinstance(node, Staged) and node.name == stage)
        stack += [(child, inside) for child in reversed(list(children(node)))]
        if not isinstance(node, Layer) or not inside:
            continue
        if node.op.name in also or node.op.params(node.x.shape):
            for path in each_path(paths.get(node, node.path)):
                yield path.replace("[", ".").replace("]", "")
