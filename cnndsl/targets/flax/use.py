"""Whether a model's layers with weights are those of its network, each of them used once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnndsl.targets.flax.expected import Expectation
from cnndsl.targets.flax.forms import Forms
from cnndsl.targets.flax.sharing import anonymous
from cnndsl.targets.flax.symbolic_containers import paths
from cnndsl.targets.flax.symbolic_modules import Built
from cnndsl.targets.flax.terms import Term, Terms, Unfit
from cnndsl.targets.python.values import External


def misused(
    model: External, built: Sequence[Built], wanted: Expectation, terms: Terms, forms: Forms
) -> list[str]:
    """What is wrong with the layers of a model that has run once, in words.

    A layer whose result its network never uses is there all the same: its parameters count.
    The model may leave it without a call; `forms` tells what it would have given.
    """
    random = [layer for layer in built if not layer.is_weighted]
    built = [layer for layer in built if layer.is_weighted]
    results = [term for layer in built for term in layer.results[:1]]
    repeated = [term for layer in built for term in layer.results[1:]]
    is_each_run = all(layer.results for layer in [*built, *random])
    are_known = set(results) == set(wanted.weighted) and set(repeated) <= set(wanted.repeated)
    if is_each_run and are_known:
        return []
    places = {id(layer): path for layer, path in paths(model, "self")}

    def named(layer: Built) -> str:
        return f"{places.get(id(layer), 'an attribute of no module')}, {layer.describe()},"

    plain: dict[Term, Term] = {}
    again = Counter(anonymous(wanted.repeated, terms, plain))
    again.subtract(anonymous(repeated, terms, plain))
    words = [
        f"{named(layer)} is used {len(layer.results)} times"
        for layer in built
        if any(again[plain[term]] < 0 for term in layer.results[1:])
    ]
    left = Counter(anonymous(wanted.weighted, terms, plain))
    left.subtract(anonymous(results, terms, plain))
    idle = [term for term, number in left.items() for _ in range(number)]
    if all(layer.results for layer in built):  # else they may stand in what nothing uses
        words += [f"{named(layer)} is never used" for layer in random if not layer.results]
    for layer in built:
        if not layer.results and not _found(layer, idle, forms):
            words.append(f"{named(layer)} is never used")
    known = {plain[term]: path for term, path in wanted.paths.items() if term in plain}
    words += [f"{known.get(term, term.op)} of the network is not there" for term in idle]
    return words


def _found(layer: Built, idle: list[Term], forms: Forms) -> bool:
    """Whether a layer without a call is one of the network's; takes that away."""
    tried: set[object] = set()  # what a layer gives is decided by the shape of what it gets
    for place, term in enumerate(idle):
        kind = term.op, term.settings, tuple(x.shape for x in term.inputs)
        if kind in tried:
            continue
        tried.add(kind)
        try:
            result = layer.apply(term.inputs[0] if term.inputs else term, forms)
        except Unfit:
            continue
        if (result.op, result.settings) == (term.op, term.settings):
            del idle[place]
            return True
    return False
