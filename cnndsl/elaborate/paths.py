"""Names the layers of a network: `stem.conv1`, `layer1[0].shortcut.conv`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Network, Node, Staged, children


def assign_paths(network: Network) -> None:
    _assign(network.frame, "", uniform=False)


def _assign(frame: Frame, prefix: str, uniform: bool) -> None:
    """Names what stands directly in a stage, a block or a model."""
    held = list(_parts(frame))
    parts = [part for part in held if isinstance(part, (Layer, Instance))]
    for part in held if len(parts) < len(held) else ():
        if isinstance(part, (Staged, Auxiliary)):
            part_prefix = f"{prefix}.{part.name}" if prefix else part.name
            _assign(part.frame, part_prefix, uniform=True)
    kinds = [part.op.name if isinstance(part, Layer) else part.block.name for part in parts]
    uses = Counter(kinds)
    if uniform and len(uses) == 1 and all(isinstance(part, Instance) for part in parts):
        paths = [f"{prefix}[{i}]" for i in range(len(parts))] if len(parts) > 1 else [prefix]
    else:
        paths = [f"{prefix}.{name}" if prefix else name for name in _numbered(kinds, uses)]
    for part, path in zip(parts, paths, strict=True):
        part.path = path
        if isinstance(part, Instance):
            _assign(part.frame, path, uniform=False)


def _numbered(kinds: list[str], uses: Counter[str]) -> Iterator[str]:
    """`conv1 bn1 conv2 bn2 relu`: a number only where a kind is used more than once."""
    seen: dict[str, int] = {}
    for kind in kinds:
        if uses[kind] > 1:
            seen[kind] = seen.get(kind, 0) + 1
            kind += str(seen[kind])
        yield kind


def _parts(frame: Frame) -> Iterator[Layer | Instance | Staged | Auxiliary]:
    """Layers, instances, stages and heads, in order, through chains, groups and loops."""
    stack: list[Node] = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, (Layer, Instance, Staged, Auxiliary)):
            yield current
        else:
            stack.extend(reversed(children(current)))
