"""Whether two computations use their layers alike, whatever the order in which they ran.

Two layers with equal settings and one input are two layers still. Terms number them in the
order in which they ran; where that order differs between network and module, a one-to-one
mapping between both sides' layers is looked for, and checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from cnndsl.targets.flax.forms_axes import UNORDERED
from cnndsl.targets.flax.terms import Term, Terms


def anonymous(roots: Iterable[Term], terms: Terms, known: dict[Term, Term]) -> list[Term]:
    """The same computations with every number 0; `known` holds what was translated before."""
    roots = list(roots)
    for term in ordered(roots):
        if term not in known:
            inputs = tuple(known[x] for x in term.inputs)
            if term.op in UNORDERED:
                inputs = tuple(sorted(inputs, key=lambda x: x.serial))
            known[term] = terms.term(term.op, term.settings, inputs, term.shape)
    return [known[root] for root in roots]


def ordered(roots: Iterable[Term]) -> list[Term]:
    """Every term below some, each behind those that it is made of."""
    found: dict[Term, None] = {}
    stack = [(root, False) for root in reversed(list(roots))]
    while stack:
        term, done = stack.pop()
        if done:
            found[term] = None
        elif term not in found:
            stack.append((term, True))
            stack.extend((x, False) for x in reversed(term.inputs) if x not in found)
    return list(found)


def alike(
    wanted: Mapping[str, Term], found: Mapping[str, Term], shapes: Mapping[Term, Term]
) -> dict[Term, Term] | None:
    """The mapping of terms to terms that takes each wanted endpoint to the found one, if any.

    Args:
      wanted: what is expected, by endpoint.
      found: what there is, by endpoint, with the same names.
      shapes: the anonymous term of each term; those of the endpoints are equal.
    """
    sides = [_Side(wanted, shapes), _Side(found, shapes)]
    colouring = _Colouring(sides, _refined(sides, [side.start for side in sides]))
    groups = colouring.groups
    tied = [colour for colour, (ours, _) in groups.items() if len(ours) > 1]
    while tied:
        ours, theirs = groups[tied.pop()]
        if len(ours) != len(theirs):
            return None
        if len(ours) > 1:  # which of them is which is free
            pairs = zip(*(sorted(g, key=lambda t: t.number) for g in (ours, theirs)), strict=True)
            tied += colouring.split([*pairs][1:])
    return _mapping(sides, groups)


class _Side:
    """The terms below some endpoints, what each is used by, and a first colour for each."""

    def __init__(self, endpoints: Mapping[str, Term], shapes: Mapping[Term, Term]):
        self.endpoints = endpoints
        self.terms = ordered(endpoints.values())
        self.start = {term: shapes[term].serial for term in self.terms}
        self.names: dict[Term, tuple[str, ...]] = {}
        for name, term in endpoints.items():
            self.names[term] = (*self.names.get(term, ()), name)
        self.users: dict[Term, list[tuple[Term, int]]] = {term: [] for term in self.terms}
        for term in self.terms:
            for place, x in enumerate(term.inputs):
                self.users[x].append((term, 0 if term.op in UNORDERED else place))


def _refined(sides: Sequence[_Side], colours: list[dict[Term, int]]) -> list[dict[Term, int]]:
    """Colours that differ where what a term is made of, or is used by, differs."""
    before = 0
    while True:
        fresh = count()
        numbers: dict[object, int] = {}
        refined = []
        for side, coloured in zip(sides, colours, strict=True):
            downward: dict[Term, int] = {}
            for term in reversed(side.terms):
                uses = sorted((downward[user], place) for user, place in side.users[term])
                key = (coloured[term], tuple(uses), side.names.get(term))
                downward[term] = _number(key, numbers, fresh)
            upward: dict[Term, int] = {}
            for term in side.terms:
                parts = [upward[x] for x in term.inputs]
                if term.op in UNORDERED:
                    parts.sort()
                upward[term] = _number((downward[term], tuple(parts)), numbers, fresh)
            refined.append(upward)
        colours = refined
        kinds = len(set(colours[0].values()))
        if kinds == before:
            return colours
        before = kinds


def _number(key: object, numbers: dict[object, int], fresh: count[int]) -> int:
    if key not in numbers:
        numbers[key] = next(fresh)
    return numbers[key]


Groups = dict[int, tuple[dict[Term, None], dict[Term, None]]]  # by colour those of both sides


class _Colouring:
    """Colours that no neighbour refines, and what becomes of them where terms are told apart."""

    def __init__(self, sides: Sequence[_Side], colours: Sequence[dict[Term, int]]):
        self.sides = sides
        self.colours = colours
        self.groups: Groups = {}
        for number, coloured in enumerate(colours):
            for term, colour in coloured.items():
                self.groups.setdefault(colour, ({}, {}))[number][term] = None
        self._fresh = count(max(self.groups, default=0) + 1)

    def split(self, pairs: Iterable[tuple[Term, Term]]) -> list[int]:
        """Gives each pair a colour of its own, and what is near them; returns the new colours."""
        first = next(self._fresh)
        changed: list[tuple[int, Term]] = []
        for pair in pairs:
            changed += self._recolour(list(enumerate(pair)))
        while changed:
            near: dict[tuple[int, Term], None] = {}
            for number, term in changed:
                users = self.sides[number].users[term]
                near.update(dict.fromkeys((number, x) for x in term.inputs))
                near.update(dict.fromkeys((number, user) for user, _ in users))
            kinds: dict[int, dict[object, list[tuple[int, Term]]]] = {}
            for number, term in near:
                alike = kinds.setdefault(self.colours[number][term], {})
                alike.setdefault(self._neighbours(number, term), []).append((number, term))
            changed = []
            for colour, by in kinds.items():
                found = sorted(by.values(), key=len)
                if sum(map(len, found)) == sum(map(len, self.groups[colour])):
                    found.pop()  # may keep the colour, as no others have it
                for terms in found:
                    changed += self._recolour(terms)
        return list(range(first + 1, next(self._fresh)))

    def _recolour(self, terms: list[tuple[int, Term]]) -> list[tuple[int, Term]]:
        colour = next(self._fresh)
        held = self.groups[colour] = ({}, {})
        for number, term in terms:
            before = self.colours[number][term]
            del self.groups[before][number][term]
            held[number][term] = None
            self.colours[number][term] = colour
        return terms

    def _neighbours(self, number: int, term: Term) -> object:
        coloured = self.colours[number]
        parts = [coloured[x] for x in term.inputs]
        if term.op in UNORDERED:
            parts.sort()
        uses = sorted((coloured[user], place) for user, place in self.sides[number].users[term])
        return tuple(parts), tuple(uses)


def _mapping(sides: Sequence[_Side], groups: Groups) -> dict[Term, Term] | None:
    """The terms of equal colours, one on each side, where they are one computation."""
    if any(len(ours) != 1 or len(theirs) != 1 for ours, theirs in groups.values()):
        return None
    mapped = {next(iter(ours)): next(iter(theirs)) for ours, theirs in groups.values()}
    for ours, theirs in mapped.items():
        if (ours.op, ours.settings, ours.shape) != (theirs.op, theirs.settings, theirs.shape):
            return None
        inputs = [mapped[x].serial for x in ours.inputs]
        actual = [x.serial for x in theirs.inputs]
        if ours.op in UNORDERED:
            inputs.sort()
            actual.sort()
        if inputs != actual:
            return None
    wanted, found = (side.endpoints for side in sides)
    return mapped if all(mapped[wanted[name]] is found[name] for name in wanted) else None
