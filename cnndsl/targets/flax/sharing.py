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
    colours = _refined(sides, [side.start for side in sides])
    while True:
        groups = [_groups(coloured) for coloured in colours]
        if {c: len(g) for c, g in groups[0].items()} != {c: len(g) for c, g in groups[1].items()}:
            return None
        tied = next((c for c, group in groups[0].items() if len(group) > 1), None)
        if tied is None:
            return _mapping(sides, groups)
        for coloured, group in zip(colours, groups, strict=True):
            for place, term in enumerate(sorted(group[tied], key=lambda t: t.number)):
                coloured[term] = -1 - place  # which refining replaces
        colours = _refined(sides, colours)


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


def _groups(colours: Mapping[Term, int]) -> dict[int, list[Term]]:
    found: dict[int, list[Term]] = {}
    for term, colour in colours.items():
        found.setdefault(colour, []).append(term)
    return found


def _mapping(
    sides: Sequence[_Side], groups: Sequence[Mapping[int, list[Term]]]
) -> dict[Term, Term] | None:
    """The terms of equal colours, one on each side, where they are one computation."""
    mapped = {ours[0]: groups[1][colour][0] for colour, ours in groups[0].items()}
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
