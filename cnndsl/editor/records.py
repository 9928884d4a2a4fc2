"""What became of every element and statement of a spec, in all networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnndsl.ir import (
    Auxiliary,
    Grouped,
    Instance,
    Layer,
    Merged,
    Network,
    Node,
    Ran,
    Reference,
    Repeated,
    Staged,
    Tensor,
    Used,
    children,
)
from cnndsl.ops.base import Shape
from cnndsl.syntax import ast

Record = (
    Layer | Instance | Reference | Used | Grouped | Merged | Repeated | Staged | Auxiliary | Ran
)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record, and the network that it is part of."""

    network: Network
    record: Record

    @property
    def out(self) -> Tensor:
        return self.record.run.out if isinstance(self.record, Ran) else self.record.out


Sightings = dict[ast.Node, list[Sighting]]  # nodes are told apart by identity


def sightings(networks: Iterable[Network]) -> Sightings:
    """All records by the node that they are of, in order of execution.

    Inside of uses of a block that are alike, all is alike: of them the first one is walked.
    """
    found: Sightings = {}
    for network in networks:
        stack: list[Node] = [network.frame]
        while stack:
            record = stack.pop()
            match record:
                case Layer() | Instance() | Reference() | Used() | Grouped() | Merged():
                    node: ast.Node = record.element
                case Repeated():
                    node = record.element
                case Staged() | Auxiliary() | Ran():
                    node = record.statement
                case _:
                    stack.extend(reversed(children(record)))
                    continue
            found.setdefault(node, []).append(Sighting(network, record))
            if not isinstance(record, Instance) or record.like is None:
                stack.extend(reversed(children(record)))
    return found


def shapes(seen: Iterable[Sighting]) -> list[Shape]:
    """The different shapes that came out, in order; those that a mistake made unknown left out."""
    known = [sighting.out for sighting in seen]
    return list(dict.fromkeys(t.shape for t in known if t.known is not None and not t.doubtful))


def size_text(shape: Shape) -> str:
    """A shape as a spec has it: `56x56x64`."""
    return "x".join(map(str, shape))
