"""What a network computes, op by op from the language's own words.

Nothing here knows how an op is emitted, so that a mistake there is seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnndsl.ir import (
    Auxiliary,
    Chosen,
    Frame,
    Instance,
    Layer,
    Looped,
    Merged,
    Network,
    Tensor,
    Used,
)
from cnndsl.ops.base import Shape
from cnndsl.targets.flax.expected_ops import merged, term_of
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Term, Unfit
from cnndsl.walks import children


@dataclass(frozen=True)
class Expectation:
    """The terms of a network's endpoints, and the layers that change their input."""

    endpoints: dict[str, Term]
    logits: Term
    weighted: list[Term]  # the results of layers with weights, used or not
    # Several terms where one op is several of flax's.
    made: list[tuple[Layer, tuple[Term, ...]]] = field(default_factory=list)
    repeated: list[Term] = field(default_factory=list)  # the results of shared layers, run again

    @property
    def paths(self) -> dict[Term, str]:
        """By term the path of the layer that makes it."""
        return {terms[-1]: layer.path for layer, terms in reversed(self.made)}


def expected(
    network: Network, forms: Forms, *, aux: bool = True, unread: bool = False
) -> Expectation:
    """What the endpoints of a network are.

    Args:
      network: as elaborated.
      forms: what makes its terms.
      aux: whether with the auxiliary heads.
      unread: whether rounds of loops run shared layers that nobody reads there, as it is where
        the last round is read: the first use is the first that is run.
    """
    values = images_of(network, forms)
    made: list[tuple[Layer, tuple[Term, ...]]] = []
    owned: dict[Layer, list[Term]] = {}  # what the weights of a layer gave
    records = list(executed(network.frame, aux=aux))
    heads = {name for name, _ in heads_of(network)}
    rectified = rectified_tensors(network)
    live = _live(network, records) if network.shared else set()
    read = live | _read_in_other_rounds(network, live) if network.shared and unread else live
    leaders = _leaders(records, read) if network.shared else {}
    for record in records:
        if isinstance(record, Merged):
            parts = tuple(values[id(branch.out)] for branch in record.branches)
            term = merged(record.element.name, parts, forms)
        else:
            first = record.first or record
            x, leader = values[id(record.x)], leaders.get(first, record)
            run = forms.weighted if leader is record else forms.repeated
            before = len(run)
            is_early = leader is not record and leader not in owned
            with forms.aside() if is_early else forms.sharing(owned.get(leader, ())):
                term = term_of(record.op, x, forms, id(first.out) in rectified)
            owned[record] = run[before:]
            if term is not x:
                made.append((record, tuple(run[before:]) or (term,)))
        if term.shape != record.out.shape:
            raise Unfit(f"{name_of(record)} gives {term.shape}, elaborated {record.out.shape}")
        values[id(record.out)] = term
    endpoints = {
        name: values[id(tensor)]
        for name, tensor in network.endpoints.items()
        if aux or name not in heads
    }
    logits = values[id(network.output)]
    return Expectation(endpoints, logits, forms.weighted, made, forms.repeated)


def images_of(network: Network, forms: Forms) -> dict[int, Term]:
    """What a network receives, by the identity of its tensors."""
    received = network.received.items()
    return {id(tensor): forms.image(known_shape(tensor), name) for name, tensor in received}


def _live(network: Network, records: Sequence[Layer | Merged]) -> set[int]:
    """The tensors that lead to an endpoint or the result."""
    found = {id(tensor) for tensor in (*network.endpoints.values(), network.output)}
    for record in reversed(records):
        if id(record.out) in found:
            inputs = record.branches if isinstance(record, Merged) else ()
            found.update([id(record.x), *(id(branch.out) for branch in inputs)])
    return found


def _read_in_other_rounds(network: Network, live: set[int]) -> set[int]:
    """What shared layers give that somebody reads where a loop runs them another time."""
    uses: dict[tuple[int, int], list[Layer]] = {}
    read: set[tuple[int, int]] = set()
    stack: list[Any] = [network.frame]
    while stack:
        current = stack.pop()
        stack.extend(children(current))
        if isinstance(current, Used):
            held = [record for record in executed(current) if isinstance(record, Layer)]
            if held:
                key = id(current.element), id(current.declared)
                uses.setdefault(key, []).extend(held)
                if id(held[-1].out) in live:
                    read.add(key)
    return {id(layer.out) for key in read for layer in uses[key]}


def _leaders(records: Sequence[Layer | Merged], live: set[int]) -> dict[Layer, Layer]:
    """By the first use of shared layers the first one that somebody reads, if any is."""
    found: dict[Layer, Layer] = {}
    for record in records:
        if isinstance(record, Layer):
            first = record.first or record
            leader = found.setdefault(first, record)
            if id(leader.out) not in live and id(record.out) in live:
                found[first] = record
    return found


def known_shape(tensor: Tensor) -> Shape:
    """The shape of a tensor of a network without mistakes."""
    return tuple(tensor.shape)


def executed(record: Any, *, aux: bool = True) -> Iterator[Layer | Merged]:
    """What computes, below a record, in order; a merge after its branches."""
    stack = [record]
    opened: set[int] = set()  # merges whose branches are done when they come again
    while stack:
        current = stack.pop()
        if isinstance(current, Layer) or (isinstance(current, Merged) and id(current) in opened):
            yield current
        elif aux or not isinstance(current, Auxiliary):
            if isinstance(current, Merged):
                opened.add(id(current))
                stack.append(current)
            stack.extend(reversed(children(current)))


def heads_of(network: Network) -> Iterator[tuple[str, float]]:
    """Name and weight of each auxiliary head, in order."""
    stack: list[Any] = [network.frame]
    while stack:
        current = stack.pop()
        if isinstance(current, Auxiliary):
            yield current.name, current.weight
        elif isinstance(current, Frame | Looped | Chosen):  # heads stand in a model's own body
            stack.extend(reversed(children(current)))


def rectified_tensors(network: Network) -> set[int]:
    """The tensors that reach an activation of the ReLU family through what keeps their meaning.

    An auxiliary head has no say in how the network that feeds it starts.
    """
    found = _rectified(network.frame, aux=False)
    if any(True for _ in heads_of(network)):
        own = {id(record.out) for record in executed(network.frame, aux=False)}
        found |= _rectified(network.frame, aux=True) - own
    return found


def _rectified(record: Any, *, aux: bool) -> set[int]:
    """The tensors that reach an activation of the ReLU family, among those below a record."""
    found: set[int] = set()
    stack = [record]
    while stack:  # backwards
        current = stack.pop()
        if isinstance(current, Layer):
            if rectifies(current, found):
                found.add(id(current.x))
        elif aux or not isinstance(current, Auxiliary):
            if isinstance(current, Merged) and id(current.out) in found:
                found.update(id(branch.out) for branch in current.branches)
            stack.extend(children(current))
    return found


def rectifies(layer: Layer, found: set[int]) -> bool:
    """Whether what a layer gets reaches a ReLU, as the tensors do that are `found`."""
    return layer.op.rectifies or (layer.op.transparent and id(layer.out) in found)


def name_of(record: Layer | Instance | Merged) -> str:
    """What messages call a record."""
    if isinstance(record, Layer) and not record.path:
        return record.op.name
    return record.element.name if isinstance(record, Merged) else record.path
