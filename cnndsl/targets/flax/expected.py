"""What a network computes, op by op from the language's own words.

Nothing here knows how an op is emitted, so that a mistake there is seen.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    children,
)
from cnndsl.ops.base import Shape
from cnndsl.targets.flax.expected_ops import TERMS, merged
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.terms import Term, Unfit


@dataclass(frozen=True)
class Expectation:
    """The terms of a network's endpoints, and the layers that change their input."""

    endpoints: dict[str, Term]
    logits: Term
    weighted: list[Term]  # the results of layers with weights, used or not
    # Several terms where one op is several of flax's.
    made: list[tuple[Layer, tuple[Term, ...]]] = field(default_factory=list)

    @property
    def paths(self) -> dict[Term, str]:
        """By term the path of the layer that makes it."""
        return {terms[-1]: layer.path for layer, terms in reversed(self.made)}


def expected(network: Network, forms: Forms, *, aux: bool = True) -> Expectation:
    """What the endpoints of a network are; without the auxiliary heads where `aux` is false."""
    values = {id(network.input): forms.image(known_shape(network.input))}
    made: list[tuple[Layer, tuple[Term, ...]]] = []
    records = list(executed(network.frame, aux=aux))
    heads = {name for name, _ in heads_of(network)}
    rectified = rectified_tensors(network) if heads else _rectified(records)
    for record in records:
        if isinstance(record, Merged):
            parts = tuple(values[id(branch.out)] for branch in record.branches)
            term = merged(record.element.name, parts, forms)
        else:
            x, before = values[id(record.x)], len(forms.weighted)
            term = TERMS[record.op.name](record.op, x, forms, id(record.out) in rectified)
            if term is not x:
                made.append((record, tuple(forms.weighted[before:]) or (term,)))
        if term.shape != record.out.shape:
            raise Unfit(f"{name_of(record)} gives {term.shape}, elaborated {record.out.shape}")
        values[id(record.out)] = term
    endpoints = {
        name: values[id(tensor)]
        for name, tensor in network.endpoints.items()
        if aux or name not in heads
    }
    return Expectation(endpoints, values[id(network.output)], forms.weighted, made)


def known_shape(tensor: Tensor) -> Shape:
    """The shape of a tensor of a network without mistakes."""
    return tuple(tensor.shape)


def executed(record: Any, *, aux: bool = True) -> Iterator[Layer | Merged]:
    """What computes, below a record, in order; a merge after its branches."""
    stack = [(record, False)]
    while stack:
        current, done = stack.pop()
        if isinstance(current, Layer) or done:
            yield current
            continue
        if isinstance(current, Auxiliary) and not aux:
            continue
        if isinstance(current, Merged):
            stack.append((current, True))
        stack.extend((child, False) for child in reversed(children(current)))


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
    trunk = list(executed(network.frame, aux=False))
    own = {id(record.out) for record in trunk}
    return _rectified(trunk) | (_rectified(list(executed(network.frame))) - own)


def _rectified(records: list[Layer | Merged]) -> set[int]:
    """The tensors that reach an activation of the ReLU family, among those of some records."""
    found: set[int] = set()
    for record in reversed(records):
        if isinstance(record, Merged):
            if id(record.out) in found:
                found.update(id(branch.out) for branch in record.branches)
        elif rectifies(record, found):
            found.add(id(record.x))
    return found


def rectifies(layer: Layer, found: set[int]) -> bool:
    """Whether what a layer gets reaches a ReLU, as the tensors do that are `found`."""
    return layer.op.rectifies or (layer.op.transparent and id(layer.out) in found)


def name_of(record: Layer | Instance | Merged) -> str:
    """What messages call a record."""
    if isinstance(record, Layer) and not record.path:
        return record.op.name
    return record.element.name if isinstance(record, Merged) else record.path
