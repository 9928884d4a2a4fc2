"""Results that nothing reads: layers that are counted and never run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic, Fix
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
    Unpacked,
    Value,
)
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.walks import children


def unread(networks: Sequence[Network]) -> Iterator[Diagnostic]:
    """Warns of chains without a name whose results nothing reads, wherever they run.

    What `NAME = chain` names has a warning of its own where nothing mentions the name.
    """
    dropped: dict[ast.Run, bool] = {}
    for statement, is_read in _results(networks):
        dropped[statement] = dropped.get(statement, True) and not is_read
    for statement, is_dropped in dropped.items():
        if is_dropped:
            yield advice.unread_result(statement.chain.span)


def dropped(networks: Sequence[Network]) -> Iterator[Diagnostic]:
    """Warns of tensors that are named within a chain, which begins anew with them."""
    nodes = list(_nodes(networks))
    chains = [n for n in nodes if isinstance(n, Chained)]
    chains += [n.run for n in nodes if isinstance(n, Ran | Unpacked)]
    begin = {id(run.out) for run in (c.elements[0] for c in chains) if isinstance(run, Reference)}
    ran = [(id(n.run.out), n.statement) for n in nodes if isinstance(n, Ran)]
    bound = {key: st for key, st in ran if isinstance(st, ast.Bind) and _is_plain(st.chain)}
    found: dict[ast.Node, Diagnostic] = {}
    for before, after in (pair for each in chains for pair in pairwise(each.elements)):
        element = after.element
        if not isinstance(after, Reference) or after.out is before.out:
            continue
        fix, statement = None, bound.get(id(after.out))
        if statement is not None and id(after.out) not in begin:
            at = statement.span
            fix = Fix(Span(at.source, at.start, at.start), "shared ")
        key = element if fix is None or statement is None else statement  # once for its layers
        if key not in found:
            found[key] = advice.dropped_flow(element.span, element.span.text, fix)
    yield from found.values()


def _is_plain(chain: ast.Chain) -> bool:
    """Whether a chain is ops and blocks, as shared layers are."""
    return all(type(element) is ast.Apply for element in chain.elements)


def _nodes(networks: Sequence[Network]) -> Iterator[Node]:
    """All records, those of uses of a block that are alike once."""
    waiting: list[Node] = [network.frame for network in reversed(networks)]
    seen: set[int] = set()
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Instance):
            if id(node.frame) in seen:
                continue
            seen.add(id(node.frame))
        waiting += reversed(children(node))


def _results(networks: Sequence[Network]) -> Iterator[tuple[ast.Run, bool]]:
    """Every chain without a name as often as it runs, and whether something reads its result."""
    read = {id(tensor) for n in networks for tensor in (n.output, *n.endpoints.values())}
    ran: list[tuple[ast.Run, Chained]] = []
    for node in _nodes(networks):
        reads = _READS.get(type(node))
        if reads is not None:
            read.update([id(tensor) for tensor in reads(node)])
        if isinstance(node, Ran) and isinstance(node.statement, ast.Run) and node.name is None:
            ran.append((node.statement, node.run))
    for statement, run in ran:
        computes = any(not isinstance(element, Reference) for element in run.elements)
        yield statement, id(run.out) in read or run.out is run.x or not computes


def _use(use: Instance) -> Sequence[Tensor]:
    """What a block takes, and what it gives back."""
    held = [tensor for value in (*use.args.values(), *use.results) for tensor in _tensors(value)]
    return (use.x, use.frame.out, *held)


def _tensors(value: Value | Result) -> Sequence[Tensor]:
    if isinstance(value, Pack):
        return value.tensors
    return (value,) if isinstance(value, Tensor) else ()


def _named(ran: Ran) -> Sequence[Tensor]:
    is_named = ran.name is not None or isinstance(ran.statement, ast.Bind)
    return (ran.run.out,) if is_named else ()


# The tensors that a record takes or hands on under a name.
_READS: dict[type, Callable[..., Sequence[Tensor]]] = {
    **dict.fromkeys((Layer, Divided), lambda record: (record.x,)),
    Instance: _use,
    Merged: lambda merged: [branch.out for branch in merged.branches],
    Packed: lambda packed: packed.pack.tensors,
    Items: lambda items: [each.out for each in items.records if isinstance(each, Chained)],
    Returned: lambda returned: [run.out for run in returned.runs],
    Auxiliary: lambda auxiliary: (auxiliary.out,),
    Ran: _named,
}
