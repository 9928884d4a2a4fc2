"""Names the layers of a network: `stem.conv1`, `layer1[0].shortcut.conv`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping

from cnndsl.elaborate.sharing import counterparts, is_again
from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Network, Node, Staged
from cnndsl.walks import children

Paths = Mapping[Layer | Instance, str]  # records are told apart by their identity


def assign_paths(network: Network, paths: Paths | None = None) -> None:
    """Names every layer and instance: as `paths` says, by default as `paths_of` does.

    What `paths` leaves out keeps its name.
    """
    for record, path in (paths_of(network) if paths is None else paths).items():
        record.path = path
    network.summary = None


def paths_of(network: Network) -> dict[Layer | Instance, str]:
    """A name for every layer and instance, by its stage, its block and its op."""
    paths: dict[Layer | Instance, str] = {}
    _name(network.frame, "", paths, uniform=False)
    for again, first in counterparts(network):
        paths[again] = paths[first]
    return paths


def _name(frame: Frame, prefix: str, found: dict[Layer | Instance, str], *, uniform: bool) -> None:
    """Names what stands directly in a stage, a block or a model, and what stands in that."""
    held = list(parts_of(frame))
    parts = [part for part in held if isinstance(part, (Layer, Instance))]
    for part in held if len(parts) < len(held) else ():
        if isinstance(part, (Staged, Auxiliary)):
            part_prefix = f"{prefix}.{part.name}" if prefix else part.name
            _name(part.frame, part_prefix, found, uniform=True)
    kinds = [part.op.name if isinstance(part, Layer) else part.block.name for part in parts]
    uses = Counter(kinds)
    if uniform and len(uses) == 1 and all(isinstance(part, Instance) for part in parts):
        paths = [f"{prefix}[{i}]" for i in range(len(parts))] if len(parts) > 1 else [prefix]
    else:
        taken = {part.name for part in held if isinstance(part, (Staged, Auxiliary))}
        names = numbered(kinds, uses, taken)
        paths = [f"{prefix}.{name}" if prefix else name for name in names]
    for part, path in zip(parts, paths, strict=True):
        found[part] = path
        if isinstance(part, Instance):
            _name(part.frame, path, found, uniform=False)


def numbered(kinds: list[str], uses: Counter[str], taken: Container[str] = ()) -> Iterator[str]:
    """`conv1 bn1 conv2 bn2 relu`: a number only where a kind is used more than once, and none
    with which it would be the name of a stage."""
    seen: Counter[str] = Counter()
    for kind in kinds:
        name = kind
        while uses[kind] > 1 or name in taken:
            seen[kind] += 1
            name = f"{kind}{seen[kind]}"
            if name not in taken:
                break
        yield name


def parts_of(frame: Frame) -> Iterator[Layer | Instance | Staged | Auxiliary]:
    """Layers, instances, stages and heads, in order, through chains, groups and loops.

    Shared layers are parts where they run first.
    """
    stack: list[Node] = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, (Layer, Instance, Staged, Auxiliary)):
            yield current
        elif not is_again(current):
            stack.extend(reversed(children(current)))
