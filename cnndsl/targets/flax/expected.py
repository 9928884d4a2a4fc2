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
    rectified = rectified_tensors(network)
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
