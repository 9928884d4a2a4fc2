"""Results that nothing reads: layers that are counted and never run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic
from cnndsl.ir import (
    Auxiliary,
    Chained,
    Divided,
    Instance,
    Items,
    Layer,
    Merged,
    Network,
    Node,
    Pack,
    Packed,
    Ran,
    Reference,
    Result,
    Returned,
    Tensor,
    Value,
)
from cnndsl.syntax import ast
from cnndsl.walks import children


def unread(networks: Sequence[Network]) -> Iterator[Diagnostic]:
    """Warns of chains without a name whose results nothing reads, wherever they run.

    What `NAME = chain` names has a warning of its own where nothing mentions the name.
    """
    dropped: dict[ast.Run, bool] = {}
    for network in networks:
        for statement, is_read in _results(network):
            dropped[statement] = dropped.get(statement, True) and not is_read
    for statement, is_dropped in dropped.items():
        if is_dropped:
            yield advice.unread_result(statement.chain.span)


def _results(network: Network) -> Iterator[tuple[ast.Run, bool]]:
    """Every chain without a name as often as it runs, and whether something reads its result."""
    read = {id(network.output), *(id(tensor) for tensor in network.endpoints.values())}
    ran: list[tuple[ast.Run, Chained]] = []
    waiting: list[Node] = [network.frame]
    seen: set[int] = set()  # frames that uses of a block share
    while waiting:
        node = waiting.pop()
        read.update(id(tensor) for tensor in _reads(node))
        if isinstance(node, Ran) and isinstance(node.statement, ast.Run) and node.name is None:
            ran.append((node.statement, node.run))
        if isinstance(node, Instance):
            if id(node.frame) in seen:
                continue
            seen.add(id(node.frame))
        waiting += reversed(children(node))
    for statement, run in ran:
        computes = any(not isinstance(element, Reference) for element in run.elements)
        yield statement, id(run.out) in read or run.out is run.x or not computes


def _reads(node: Node) -> Iterator[Tensor]:
    """The tensors that a record takes or hands on under a name, of a block what it gives back."""
    match node:
        case Layer(x=x) | Divided(x=x):
            yield x
        case Instance(x=x, args=args, frame=frame, results=results):
            yield x
            yield frame.out
            for held in (*args.values(), *results):
                yield from _tensors(held)
        case Merged(branches=branches):
            yield from (branch.out for branch in branches)
        case Packed(pack=pack):
            yield from pack.tensors
        case Items(records=records):
            yield from (record.out for record in records if isinstance(record, Chained))
        case Returned(runs=runs):
            yield from (run.out for run in runs)
        case Auxiliary(out=out):
            yield out
        case Ran(run=run, statement=statement, name=name):
            if name is not None or isinstance(statement, ast.Bind):
                yield run.out


def _tensors(value: Value | Result) -> Sequence[Tensor]:
    if isinstance(value, Pack):
        return value.tensors
    return (value,) if isinstance(value, Tensor) else ()
