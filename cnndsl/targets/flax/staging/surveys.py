"""What networks have in common, or inside of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence

from cnndsl.elaborate.nested import endpoint_readers
from cnndsl.elaborate.program import Program
from cnndsl.ir import Instance, Network, Node
from cnndsl.ops.base import rank_of
from cnndsl.ops.ranks import AXES
from cnndsl.syntax import ast
from cnndsl.targets.flax.staging.layers import is_module
from cnndsl.targets.flax.staging.scopes import reads_numbered
from cnndsl.walks import children, layers


def families(networks: Sequence[Network]) -> list[tuple[ast.Model, list[Network]]]:
    """Networks by the model whose body they share, in order."""
    families: dict[int, tuple[ast.Model, list[Network]]] = {}
    for network in networks:
        families.setdefault(id(network.definition), (network.definition, []))[1].append(network)
    return list(families.values())


def uses_inside(instance: Instance) -> Iterator[Instance]:
    """The uses of blocks directly inside a use of one."""
    stack: list[Node] = [instance.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            yield current
        else:
            stack.extend(children(current))


def in_order(
    definitions: Mapping[str, ast.Block], program: Program, used: Container[str]
) -> dict[str, ast.Block]:
    """Definitions with what a block is around uses of itself, and on other axes, behind it, the
    smaller one first; of those only what is `used`."""
    found: dict[str, ast.Block] = {}
    for name, block in definitions.items():
        levels = program.levels.get(name, {})
        for each in (block, *(levels[level] for level in sorted(levels))):
            ranked = program.ranked.get(each.name, {})
            for definition in (each, *(ranked[rank] for rank in sorted(ranked))):
                if definition is block or definition.name in used:
                    found.setdefault(definition.name, definition)
    return found


def axes_of(networks: Sequence[Network]) -> dict[str, int]:
    """Where an axis stands in a batch, if it stands there in every tensor that has it."""
    received = {rank_of(x.shape) for network in networks for x in network.received.values()}
    made = {rank_of(layer.out.shape) for network in networks for layer in layers(network.frame)}
    held: dict[str, set[int]] = {}
    for rank in received | made:
        for at, word in enumerate(AXES[rank], start=1):
            held.setdefault(word, set()).add(at)
    return {word: places.pop() for word, places in held.items() if len(places) == 1}


def opened(program: Program, definitions: Mapping[str, ast.Block]) -> set[str]:
    """The models whose endpoints other bodies read, or their own by numbers."""
    roots = [m for m in program.models.values() if isinstance(m, ast.Model)]
    read = endpoint_readers([*program.blocks.values(), *roots])
    nested = {n: b for n, b in definitions.items() if n not in program.blocks}
    return {
        name
        for name, block in nested.items()
        if block.name_span.text in read or reads_numbered(block.body)
    }


def builds_modules(uses: Sequence[Instance]) -> bool:
    """Whether some uses of a block build modules themselves."""
    return any(is_module(layer.op, {"rbf"}) for use in uses for layer in layers(use))
