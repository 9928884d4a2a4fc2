"""What blocks compute, of any tensors: each computation once, so that equal ones are one.

A network and its module use a block many times. What it does is found out once for the
shapes of what it receives, with places instead of tensors; each use is one term then. Such
a term is equal on both sides only if the blocks are, so that equal networks of blocks are
equal networks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnndsl.targets.flax.forms import PLACE, Forms, place_number
from cnndsl.targets.flax.sharing import alike, anonymous
from cnndsl.targets.flax.terms import Term, Terms


@dataclass(frozen=True)
class Body:
    """What a block with weights gives, for tensors in some places."""

    number: int  # tells blocks apart
    result: Term
    places: tuple[int, ...]  # those of the tensors that it uses
    is_layer: bool  # whether one layer is all of it

    def used(self, tensors: Sequence[Term], forms: Forms) -> Term:
        """What a use of the block gives: one term, that of its layer if it has nothing else."""
        result = self.result
        if self.is_layer:
            numbers = [place_number(term) for term in result.inputs]
            return forms.again(result, tuple(tensors[n] for n in numbers))
        return forms.block(self.number, tuple(tensors[n] for n in self.places), result.shape)


Make = Callable[[list[int]], tuple[Term, Forms]]


class Bodies:
    """The computations of blocks, by number; equal ones have the same.

    Args:
      initialisers: whether how weights start is part of a computation.
    """

    def __init__(self, initialisers: bool):
        self.initialisers = initialisers
        self.terms = Terms()
        self._known: dict[tuple[Term, frozenset[Term]], int] = {}
        self._fresh: list[tuple[Term, Sequence[Term], int]] = []  # not looked for by order yet
        self._like: dict[tuple[Term, frozenset[tuple[Term, int]]], list[tuple[Term, int]]] = {}
        self._plain: dict[Term, Term] = {}

    def forms(self) -> Forms:
        return Forms(self.terms, self.initialisers)

    def wanted(self, make: Make, count: int) -> Body:
        """The computation of a block, as the language says it.

        Args:
          make: what the block gives, and the forms that wrote it, where its tensors are in the
            places of these numbers.
          count: how many tensors it gets.
        """
        result, weighted, places = self._made(make, count)
        key = result, frozenset(weighted)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self._known)
            self._fresh.append((result, weighted, number))
        return Body(number, result, places, _is_layer(result, weighted))

    def found(self, make: Make, count: int) -> Body:
        """The same of a class; in another order, layers that are alike may do the same."""
        result, weighted, places = self._made(make, count)
        key = result, frozenset(weighted)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = self._reordered(result, weighted)
        return Body(number, result, places, _is_layer(result, weighted))

    def _made(self, make: Make, count: int) -> tuple[Term, list[Term], tuple[int, ...]]:
        """What a block gives, its layers' results, and which of its tensors it uses.

        Those that it uses are in the first places: of the others only shapes matter, and a class
        may not get them.
        """
        numbers = list(range(count))
        result, forms = make(numbers)
        places = _places([result, *forms.weighted])
        if places != numbers[: len(places)]:
            order = sorted(numbers, key=lambda n: (n not in places, n))
            result, forms = make([order.index(n) for n in numbers])
        return result, forms.weighted, tuple(places)

    def _reordered(self, result: Term, weighted: Sequence[Term]) -> int:
        for other, layers, number in self._fresh:
            self._like.setdefault(self._unordered(other, layers), []).append((other, number))
        self._fresh.clear()
        like = self._like.setdefault(self._unordered(result, weighted), [])
        for other, number in like:
            if alike({"": other}, {"": result}, self._plain) is not None:
                return number
        return len(self._known)

    def _unordered(
        self, result: Term, weighted: Sequence[Term]
    ) -> tuple[Term, frozenset[tuple[Term, int]]]:
        """What is equal in computations whose layers run in another order."""
        (plain,) = anonymous([result], self.terms, self._plain)
        layers = Counter(anonymous(weighted, self.terms, self._plain))
        return plain, frozenset(layers.items())


def _places(results: Sequence[Term]) -> list[int]:
    """The numbers of the places from which some terms are made."""
    found: set[int] = set()
    seen: set[Term] = set()
    stack = list(results)
    while stack:
        term = stack.pop()
        if term in seen:
            continue
        seen.add(term)
        if term.op == PLACE:
            found.add(place_number(term))
        stack.extend(term.inputs)
    return sorted(found)


def _is_layer(result: Term, weighted: Sequence[Term]) -> bool:
    return weighted == [result] and all(term.op == PLACE for term in result.inputs)
