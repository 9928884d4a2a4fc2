"""Which layer of a file is which layer of a network.

In this order: what the user says; the graph, where both sides tell what feeds what; equal names;
the layout of a library, known by its names; and what names, kinds and shapes force. The order of
the tensors in a file decides nothing, unless the user asks for it; what is open is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.forced import Forced, by_names, disorder, miscounted
from cnndsl.weights.form import Form
from cnndsl.weights.known import Known, check_form, placed, recognised
from cnndsl.weights.layer import Layer, gives_logits
from cnndsl.weights.mapping import Choices
from cnndsl.weights.match import Matching, Pair, by_order, match
from cnndsl.weights.network import Network
from cnndsl.weights.trace import IMAGE
from cnndsl.weights.transposed import as_kept, keeps_undone

MOST_NAMED = 4  # layers of each side in a message


@dataclass(frozen=True)
class Source:
    """The layers of a file, or of a Keras model.

    Attributes:
      layers: shapes as flax has them; in the order of the file.
      ordered: whether that order says how they follow one another.
      head: the names of the layers that give the logits, where the file says so.
      extra: the names of those that only training needs, where the file says so.
      form: what the network computes beyond its weights, where it is known.
    """

    layers: tuple[Layer, ...]
    ordered: bool = False
    head: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    form: Form = field(default_factory=Form)


def assign(network: Network, source: Source, choices: Choices, skip_head: bool = False) -> Matching:
    """The pairs, what is left over, and what is left out on purpose.

    Args:
      skip_head: leave out the layers that give the logits, of both.

    Raises:
      WeightsError: if the choices name no layer, layers cannot be told apart, or the weights are
        those of a network that computes something else.
    """
    own = {layer.name: layer for layer in network.layers}
    if any(map(keeps_undone, source.layers)):
        network = replace(network, layers=tuple(map(as_kept, network.layers)))
    kept: tuple[Layer, ...] = ()
    if skip_head:
        kept = tuple(layer for layer in network.layers if layer.name in network.head)
    names = {layer.name for layer in kept}
    ours = [layer for layer in network.layers if layer.name not in names]
    theirs = list(source.layers)
    chosen = _chosen(network.layers, theirs, choices)
    names |= {pair.ours.name for pair in chosen}
    taken = {pair.theirs.name for pair in chosen}
    ours = [layer for layer in ours if layer.name not in names]
    theirs = [layer for layer in theirs if layer.name not in taken]
    found = _by_layout(network, ours, theirs) if not chosen else None
    if not chosen and (graph := _by_graph(network.layers, ours, source.layers)) is not None:
        matching = graph if found is None else replace(graph, layout=found.layout)
    else:
        matching = _by_own_names(source, ours, theirs) or found or Matching((), (), ())
        if not matching.pairs:
            matching = _by_forced_names(network, source, ours, theirs, choices)
    _compare(network, source, matching)
    place = {layer.name: index for index, layer in enumerate(network.layers)}
    pairs = sorted((*chosen, *matching.pairs), key=lambda pair: place[pair.ours.name])
    pairs = [replace(pair, ours=own[pair.ours.name]) for pair in pairs]
    return replace(matching, pairs=tuple(pairs), kept=kept)


def _chosen(ours: Sequence[Layer], theirs: Sequence[Layer], choices: Choices) -> list[Pair]:
    mine = {name: layer for layer in ours for name in (layer.name, layer.attribute)}
    other = {layer.name: layer for layer in theirs}
    pairs = []
    for name, counterpart in choices.layers.items():
        counterpart = counterpart.replace("/", ".")
        for known, wanted, where in ((mine, name, "network"), (other, counterpart, "file")):
            if wanted not in known:
                raise WeightsError(f"the mapping names {wanted[:100]}, which the {where} has not")
        pair = Pair(mine[name], other[counterpart], "mapping")
        if pair.ours.label != pair.theirs.label:
            raise WeightsError(
                f"the mapping pairs {name} ({pair.ours.spelled}) with "
                f"{counterpart} ({pair.theirs.spelled})"
            )
        pairs.append(pair)
    if len({pair.ours.name for pair in pairs}) < len(pairs):
        raise WeightsError("the mapping names a layer of the network twice")
    if len({pair.theirs.name for pair in pairs}) < len(pairs):
        raise WeightsError("the mapping names a layer of the file twice")
    return pairs


# --- the graph --------------------------------------------------------------------------


def _by_graph(
    network: Sequence[Layer], ours: Sequence[Layer], theirs: Sequence[Layer]
) -> Matching | None:
    """By what feeds what; their head is left out where ours has none."""
    if any(layer.feeds is None for layer in (*ours, *theirs)):
        return None
    head: list[Layer] = []
    if len(theirs) > len(ours):
        leading = {owner for layer in theirs for owner, _ in layer.feeds or ()}
        last = [layer for index, layer in enumerate(theirs) if index not in leading]
        head = [layer for layer in last if gives_logits(layer)]
    names = {layer.name for layer in head}
    rest = [layer for layer in theirs if layer.name not in names]
    found = match(_linked(network, ours), _linked(theirs, rest))
    return None if found is None else replace(found, left_out=tuple(head))


def _linked(whole: Sequence[Layer], part: Sequence[Layer]) -> list[Layer]:
    """Some layers of a network, with what feeds them among these."""
    names = {layer.name: index for index, layer in enumerate(part)}
    place = {index: names[layer.name] for index, layer in enumerate(whole) if layer.name in names}
    place[IMAGE] = IMAGE
    return [
        replace(layer, feeds=tuple((place[o], s) for o, s in layer.feeds or () if o in place))
        for layer in part
    ]


# --- names ------------------------------------------------------------------------------


def _by_own_names(
    source: Source, ours: Sequence[Layer], theirs: Sequence[Layer]
) -> Matching | None:
    """Where all of ours are in the file by their own names, as in files that `save` wrote."""
    known = {layer.name: layer for layer in theirs}
    pairs = [
        Pair(layer, known[layer.name], "name")
        for layer in ours
        if layer.name in known and known[layer.name].label == layer.label
    ]
    if not pairs or len(pairs) < len(ours):
        return None
    taken = {pair.theirs.name for pair in pairs}
    rest = [layer for layer in theirs if layer.name not in taken]
    out = [layer for layer in rest if layer.name in (*source.head, *source.extra)]
    over = [layer for layer in rest if layer.name not in (*source.head, *source.extra)]
    if over and not source.head:  # of before files said so
        over, out = _without_head(ours, theirs)
    return Matching(tuple(pairs), (), tuple(over), left_out=tuple(out))


def _by_layout(network: Network, ours: Sequence[Layer], theirs: Sequence[Layer]) -> Matching | None:
    """By the layout that knows all names of the file; the one that fits best.

    Raises:
      WeightsError: if the one that fits is that of a network which computes something else.
    """
    best: tuple[int, Known, Matching] | None = None
    for known in sorted(recognised(theirs), key=lambda k: network.name not in k.layout.models):
        matching = placed(known, network.name, ours)
        if matching is None:
            continue
        if matching.complete:
            check_form(known, network)
            return matching
        if best is None or len(matching.pairs) > best[0]:
            best = len(matching.pairs), known, matching
    return None if best is None else best[2]


def _by_forced_names(
    network: Network,
    source: Source,
    ours: Sequence[Layer],
    theirs: Sequence[Layer],
    choices: Choices,
) -> Matching:
    """What names, kinds and shapes force; else what is left over."""
    over, out = _without_head(ours, theirs)
    wanted = Counter(layer.label for layer in ours)
    rest = [layer for layer in theirs if layer.name not in {head.name for head in out}]
    if over or wanted != Counter(layer.label for layer in rest):
        return by_order(ours, sorted(theirs, key=lambda layer: layer.name))
    if choices.by_order:
        if not source.ordered:
            raise WeightsError(
                "the tensors of this file have no order that means anything",
                "name the pairs in a mapping (--map), without `ambiguous`",
            )
        return replace(by_order(ours, rest), left_out=tuple(out))
    found = by_names(network.layers, ours, rest)
    if found.open:
        raise _ambiguous(found)
    wrong = disorder(network.layers, found.pairs) or miscounted(network.layers, found.pairs)
    if wrong is not None:
        raise _disordered(*wrong)
    return Matching(tuple(found.pairs), left_out=tuple(out))


def _without_head(
    ours: Sequence[Layer], theirs: Sequence[Layer]
) -> tuple[list[Layer], list[Layer]]:
    """What theirs have more than ours: what has no place, and what can only be a head.

    A head is dense, and there is no other layer of its kind and shape in the file.
    """
    more = Counter(layer.label for layer in theirs)
    all_of = Counter(more)
    more.subtract(Counter(layer.label for layer in ours))
    over = [layer for layer in theirs if more[layer.label] > 0]
    if len(over) == 1 and gives_logits(over[0]) and all_of[over[0].label] == 1:
        return [], over
    return over, []


def _compare(network: Network, source: Source, matching: Matching) -> None:
    """Refuses what fits, and was trained for something else.

    Raises:
      WeightsError: if the source tells its form, and it is another one.
    """
    differences = source.form.differences(network.form)
    if matching.complete and differences:
        theirs = ", ".join(one for one, _ in differences)
        ours = ", ".join(other for _, other in differences)
        raise WeightsError(
            f"these are weights of a network with {theirs}; {network.name} has {ours}, and would "
            "compute something else with them",
            "nothing was loaded",
        )


def _ambiguous(found: Forced) -> WeightsError:
    """That layers could be placed in several ways, and which."""
    first = found.open[0]
    ours = [layer.attribute for layer in first.ours]
    theirs = [layer.name for layer in first.theirs]
    more = f" (and {len(found.open) - 1} more such groups)" if len(found.open) > 1 else ""
    return WeightsError(
        f"{_listed(ours)} have one shape ({first.ours[0].spelled}), as {_listed(theirs)} do, and "
        f"names do not tell which is which{more}",
        'name the pairs in a mapping (--map), or write `ambiguous = "order"` there',
    )


def _disordered(one: Pair, other: Pair) -> WeightsError:
    return WeightsError(
        f"{one.theirs.name} would be {one.ours.attribute}, and {other.theirs.name} would be "
        f"{other.ours.attribute}: their numbers do not count as the network runs",
        "name the pairs in a mapping (--map)",
    )


def _listed(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{', '.join(names[:MOST_NAMED])} and {len(names) - MOST_NAMED} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"
