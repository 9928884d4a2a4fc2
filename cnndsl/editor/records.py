"""What became of every element and statement of a spec, in all networks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cnndsl.ir import (
    Auxiliary,
    Chained,
    Divided,
    Failed,
    Grouped,
    Instance,
    Layer,
    Merged,
    Named,
    Network,
    Node,
    Passed,
    Ran,
    Reference,
    Repeated,
    Staged,
    Tensor,
    Used,
    Value,
)
from cnndsl.ops.base import Shape
from cnndsl.syntax import ast
from cnndsl.walks import children

Applied = Layer | Instance | Reference | Divided | Used | Passed
Ended = Applied | Grouped | Merged | Repeated | Staged | Auxiliary
Record = Ended | Ran


@dataclass(frozen=True, slots=True)
class Sighting:
    """A record, and the network that it is part of."""

    network: Network
    record: Record

    @property
    def out(self) -> Tensor:
        return self.record.run.out if isinstance(self.record, Ran) else self.record.out

    @property
    def is_tensor(self) -> bool:
        """Whether one tensor came out, and not several results or a pack."""
        record = self.record.run if isinstance(self.record, Ran) else self.record
        return not (isinstance(record, Chained | Instance | Reference | Divided) and record.results)


@dataclass
class Sightings:
    """What was met by the node that it is of, in order of execution; identity tells nodes apart.

    `values` are those of `let`s, `instances` the uses of blocks; it `has_gaps` if a mistake made a
    shape unknown.
    """

    records: dict[ast.Node, list[Sighting]] = field(default_factory=dict)
    values: dict[ast.Node, list[Value]] = field(default_factory=dict)
    instances: dict[ast.Block, list[Instance]] = field(default_factory=dict)
    has_gaps: bool = False


def sightings(networks: Iterable[Network]) -> Sightings:
    """All records of networks.

    Inside of uses of a block that are alike, all is alike: of them the first one is walked.
    """
    found = Sightings()
    for network in networks:
        stack: list[Node] = [network.frame]
        while stack:
            record = stack.pop()
            match record:
                case Passed(run=Layer() | Instance() as run):
                    stack.append(run)  # of the same element
                    continue
                case Layer() | Instance() | Reference() | Divided() | Used() | Passed():
                    node: ast.Node = record.element
                case Grouped() | Merged() | Repeated():
                    node = record.element
                case Staged() | Auxiliary() | Ran():
                    node = record.statement
                case Named(statement=statement, value=value):
                    found.values.setdefault(statement, []).append(value)
                    continue
                case Failed():
                    found.has_gaps = True
                    continue
                case _:
                    stack.extend(reversed(children(record)))
                    continue
            seen = Sighting(network, record)
            found.has_gaps |= seen.is_tensor and (seen.out.known is None or seen.out.doubtful)
            found.records.setdefault(node, []).append(seen)
            if isinstance(record, Instance):
                found.instances.setdefault(record.block, []).append(record)
            if not isinstance(record, Instance) or record.like is None:
                stack.extend(reversed(children(record)))
    return found


def shapes(seen: Iterable[Sighting]) -> list[Shape]:
    """The different shapes that came out, in order; those that a mistake made unknown left out."""
    known = [sighting.out for sighting in seen if sighting.is_tensor]
    return list(dict.fromkeys(t.shape for t in known if t.known is not None and not t.doubtful))


def endpoints(seen: Sightings, name: str) -> list[str]:
    """The endpoints of the model whose result has a name, as in `features.layer3`."""
    found: dict[str, None] = {}
    for node, sighted in seen.records.items():
        if isinstance(node, ast.Bind | ast.Run) and node.name == name:
            for each in sighted:
                last = each.record.run.elements[-1] if isinstance(each.record, Ran) else None
                if isinstance(last, Instance):
                    found.update(dict.fromkeys(last.endpoints))
    return list(found)


def size_text(shape: Shape) -> str:
    """A shape as a spec has it: `56x56x64`."""
    return "x".join(map(str, shape))
