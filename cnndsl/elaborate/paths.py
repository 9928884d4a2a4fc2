"""Names the layers of a network: `stem.conv1`, `layer1[0].shortcut.conv`."""

from __future__ import annotations

from collections import Counter

from cnndsl.ir import Auxiliary, Frame, Instance, Layer, Network, Staged, children


def assign_paths(network: Network) -> None:
    _assign(network.frame, "", uniform=False)


def _assign(frame: Frame, prefix: str, uniform: bool) -> None:
    """Names what stands directly in a stage, a block or a model."""
    parts = list(_parts(frame))
    for part in parts:
        if isinstance(part, (Staged, Auxiliary)):
            part_prefix = f"{prefix}.{part.name}" if prefix else part.name
            _assign(part.frame, part_prefix, uniform=True)
    parts = [p for p in parts if isinstance(p, (Layer, Instance))]
    kinds = Counter(_kind(part) for part in parts)
    only_blocks = all(isinstance(p, Instance) for p in parts) and len(kinds) == 1
    seen: Counter[str] = Counter()
    for index, part in enumerate(parts):
        kind = _kind(part)
        seen[kind] += 1
        if uniform and only_blocks:
            part.path = prefix if len(parts) == 1 else f"{prefix}[{index}]"
        else:
            number = str(seen[kind]) if kinds[kind] > 1 else ""
            part.path = f"{prefix}.{kind}{number}" if prefix else f"{kind}{number}"
        if isinstance(part, Instance):
            _assign(part.frame, part.path, uniform=False)


def _kind(part: Layer | Instance) -> str:
    return part.op.name if isinstance(part, Layer) else part.block.name


def _parts(frame: Frame):
    """Layers, instances, stages and heads, in order, through chains, groups and loops."""
    stack = [frame]
    while stack:
        current = stack.pop()
        if isinstance(current, (Layer, Instance, Staged, Auxiliary)):
            yield current
        else:
            stack.extend(reversed(list(children(current))))
