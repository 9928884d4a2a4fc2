"""Walks over a network: what records hold, in order of execution."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

from cnndsl.ir import (
    Auxiliary,
    Chained,
    Chosen,
    Declared,
    Divided,
    Failed,
    Frame,
    Grouped,
    Instance,
    Items,
    ItemsChosen,
    ItemsLooped,
    Layer,
    Looped,
    Merged,
    Named,
    Network,
    Node,
    Noted,
    Pack,
    Packed,
    Passed,
    Ran,
    Reference,
    Repeated,
    Returned,
    Spread,
    Staged,
    Unpacked,
    Used,
)
from cnndsl.syntax import ast


def children(record: Node) -> Sequence[Node]:
    """What a record holds directly, in order of execution; of a chain its elements."""
    held: Sequence[Node] = _CHILDREN[type(record)](record)
    return held


def _nothing(record: Node) -> tuple[()]:
    return ()


def _frame(record: Staged | Auxiliary | Instance | Grouped) -> tuple[Frame]:
    return (record.frame,)


def _run(record: Passed) -> Sequence[Layer | Instance]:
    return () if record.run is None else (record.run,)


def _taken(record: Chosen) -> Sequence[Frame]:
    return () if record.frame is None else (record.frame,)


# Networks are walked often: this is three times as fast as asking for each kind in turn.
_CHILDREN: dict[type, Callable[..., Sequence[Node]]] = {
    **dict.fromkeys((Layer, Reference, Failed, Declared, Named, Noted, Spread), _nothing),
    Frame: attrgetter("records"),
    **dict.fromkeys((Ran, Used, Unpacked), attrgetter("run.elements")),
    Passed: _run,
    Returned: attrgetter("runs"),
    Divided: attrgetter("groups"),
    Chained: attrgetter("elements"),
    **dict.fromkeys((Merged, Packed), attrgetter("items")),
    Items: attrgetter("records"),
    ItemsLooped: attrgetter("rounds"),
    ItemsChosen: lambda record: () if record.chosen is None else (record.chosen,),
    Repeated: attrgetter("items"),
    Looped: attrgetter("frames"),
    **dict.fromkeys((Staged, Auxiliary, Instance, Grouped), _frame),
    Chosen: _taken,
}


def hands_packs(network: Network) -> bool:
    """Whether blocks of a network get packs, or give one or several results by `return`."""
    stack: list[Node] = [network.frame]
    seen: set[int] = set()  # frames that uses of a block share
    while stack:
        current = stack.pop()
        if isinstance(current, Instance):
            if current.results or any(isinstance(v, Pack) for v in current.args.values()):
                return True
            if id(current.frame) in seen:
                continue
            seen.add(id(current.frame))
        stack.extend(children(current))
    return False


def idle_loops(network: Network) -> set[ast.Node]:
    """The loops and repetitions of a network that have no round in some place."""
    found: set[ast.Node] = set()
    stack: list[Node] = [network.frame]
    seen: set[int] = set()  # frames that uses of a block share
    while stack:
        current = stack.pop()
        if isinstance(current, Frame):
            if id(current) in seen:
                continue
            seen.add(id(current))
        match current:
            case Looped(frames=[]):
                found.add(current.statement)
            case Repeated(items=[]):
                found.add(current.element)
            case ItemsLooped(rounds=[]):
                found.add(current.item)
        stack.extend(children(current))
    return found


def layers(record: Node, *, aux: bool = True) -> Iterator[Layer]:
    """Every op below a record, in order of execution; without a stack of Python's own."""
    stack = [record]
    while stack:
        current = stack.pop()
        if isinstance(current, Layer):
            yield current
        elif aux or not isinstance(current, Auxiliary):
            stack.extend(reversed(children(current)))


def aux_heads(network: Network) -> Iterator[Auxiliary]:
    """The auxiliary heads of a network, which stand in the model's own body."""
    stack: list[Node] = [network.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Auxiliary):
            yield current
        elif not isinstance(current, (Layer, Instance)):
            stack.extend(children(current))
