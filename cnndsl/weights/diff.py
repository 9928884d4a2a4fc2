"""What tells two files of weights apart: tensors that one of them lacks, shapes, values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from cnndsl.weights.assign import Source, assign
from cnndsl.weights.errors import WeightsError
from cnndsl.weights.fill import mismatch, values_for
from cnndsl.weights.known import recognised
from cnndsl.weights.layer import Layer, Shape, Tensor, spell
from cnndsl.weights.mapping import Choices
from cnndsl.weights.network import Network


@dataclass(frozen=True)
class Change:
    """A tensor in which two files differ.

    Attributes:
      first: its shape in the first file; None if it is not there.
      second: its shape in the second file, likewise.
      differing: how many of its numbers differ, where the shapes are the same.
      largest: the largest difference of two numbers.
    """

    name: str
    first: Shape | None
    second: Shape | None
    differing: int = 0
    largest: float = 0.0

    @property
    def spelled(self) -> str:
        if self.first is None:
            return f"only in the second: {spell(self.second or ())}"
        if self.second is None:
            return f"only in the first: {spell(self.first)}"
        if self.first != self.second:
            return f"{spell(self.first)} and {spell(self.second)}"
        return f"{self.differing:,} numbers differ, by {self.largest:.3g} at most"


@dataclass(frozen=True)
class Difference:
    """Two files beside each other: how many tensors there are, and those that differ."""

    tensors: int
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class _Place:
    """A tensor, and the place that it goes to in a network, where that is known."""

    tensor: Tensor
    place: Tensor | None = None
    flattened: Shape | None = None

    @property
    def shape(self) -> Shape:
        return (self.place or self.tensor).shape

    def values(self) -> np.ndarray:
        return values_for(self.tensor, self.place or self.tensor, self.flattened)


def difference(first: Source, second: Source, network: Network | None = None) -> Difference:
    """Compares two files tensor by tensor, one pair in memory at a time.

    Names of torchvision, timm and Keras are taken for ours where the files differ in them.

    Args:
      network: whose layers the tensors are; without one, names alone say what is compared.

    Raises:
      WeightsError: if a file does not fit the network, or holds no numbers.
    """
    if network is None:
        one, other = _named(first, second)
    else:
        one, other = _placed(first, network), _placed(second, network)
    return Difference(len(one.keys() | other.keys()), tuple(_changes(one, other)))


def _changes(one: Mapping[str, _Place], other: Mapping[str, _Place]) -> Iterator[Change]:
    for name in [*one, *(name for name in other if name not in one)]:
        left, right = one.get(name), other.get(name)
        first = None if left is None else left.shape
        second = None if right is None else right.shape
        if left is None or right is None or first != second:
            yield Change(name, first, second)
            continue
        gap = np.abs(left.values().astype(np.float64) - right.values().astype(np.float64))
        if differing := int(np.count_nonzero(gap)):
            yield Change(name, first, second, differing, float(gap.max()))


def _placed(source: Source, network: Network) -> dict[str, _Place]:
    matching = assign(network, source, Choices())
    if not matching.complete:
        raise WeightsError(mismatch(matching))
    return {
        place.name: _Place(pair.theirs.tensors[role], place, pair.ours.flattened)
        for pair in matching.pairs
        for role, place in pair.ours.tensors.items()
    }


def _named(first: Source, second: Source) -> tuple[dict[str, _Place], dict[str, _Place]]:
    """Both files by the names that they share most of."""
    ones, others = _spellings(first), _spellings(second)
    pairs = [(one, other) for one in ones for other in others]
    return max(pairs, key=lambda pair: len(pair[0].keys() & pair[1].keys()))


def _spellings(source: Source) -> list[dict[str, _Place]]:
    """The tensors by their own names and, as far as a layout knows them, by ours."""
    found = [_by_name({layer.name: layer for layer in source.layers})]
    for known in recognised(source.layers):
        names = {name: known.layout.ours(name) for name in known.layers}
        if None not in names.values():
            found.append(_by_name({names[n] or n: layer for n, layer in known.layers.items()}))
    return found


def _by_name(layers: Mapping[str, Layer]) -> dict[str, _Place]:
    return {
        f"{name}.{role}": _Place(tensor)
        for name, layer in layers.items()
        for role, tensor in layer.tensors.items()
    }
