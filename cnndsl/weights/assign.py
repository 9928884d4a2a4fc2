"""Which layer of a file is which layer of a network.

In this order: what the user says; the structure, where both sides tell what feeds what; equal
names; the order among layers of one kind and shape. Order is trusted where one layer leads to the
other; of branches side by side it says nothing, and only names can tell them apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Sequence
from itertools import permutations
from string import digits

from cnndsl.weights.errors import WeightsError
from cnndsl.weights.layer import Layer
from cnndsl.weights.mapping import Choices
from cnndsl.weights.match import Matching, Pair, by_order, match

MOST_BRANCHES = 7  # of one kind and shape side by side; permutations of more are too many
_WORDS = {
    "bn": "norm",
    "batchnorm": "norm",
    "downsample": "shortcut",
    "projection": "shortcut",
    "proj": "shortcut",
    "fc": "dense",
    "linear": "dense",
}


def assign(
    ours: Sequence[Layer], theirs: Sequence[Layer], choices: Choices, skip_head: bool = False
) -> tuple[Matching, tuple[Layer, ...]]:
    """The pairs, and our layers that keep what they have.

    Args:
      ours: traced, in the order of execution.
      skip_head: leave out the layers that give the logits, of both.

    Raises:
      WeightsError: if the choices name no layer, or branches cannot be told apart.
    """
    kept: tuple[Layer, ...] = ()
    if skip_head:
        kept, ours, theirs = _headless(ours, theirs)
    pairs = _chosen(ours, theirs, choices)
    left, right = _rest(ours, theirs, pairs)
    if not pairs and (found := match(ours, theirs)) is not None:
        return found, kept
    pairs += _named(left, right)
    left, right = _rest(ours, theirs, pairs)
    matching = by_order(left, right)
    if matching.complete:
        pairs += _told_apart(ours, left, right, choices.by_order)
        return Matching(_ordered(ours, pairs)), kept
    pairs += matching.pairs
    return Matching(_ordered(ours, pairs), matching.ours, matching.theirs), kept


def _headless(
    ours: Sequence[Layer], theirs: Sequence[Layer]
) -> tuple[tuple[Layer, ...], list[Layer], list[Layer]]:
    """Without the layers that nothing follows: ours by structure, of theirs the last ones."""
    leading = {owner for layer in ours for owner, _ in layer.feeds or ()}
    head = tuple(layer for index, layer in enumerate(ours) if index not in leading)
    names = {layer.name for layer in head}
    rest = [layer for layer in ours if layer.name not in names]
    dense = [layer for layer in theirs if _rank(layer) == 2]
    dense = dense or [layer for layer in theirs if ("kernel", 2) in _squeezed_ranks(layer)]
    dropped = {layer.name for layer in dense[-len(head) :]}
    return head, rest, [layer for layer in theirs if layer.name not in dropped]


def _rank(layer: Layer) -> int:
    """2 for a dense layer."""
    return max((len(tensor.shape) for tensor in layer.tensors.values()), default=0)


def _squeezed_ranks(layer: Layer) -> set[tuple[str, int]]:
    return {(role, len(shape)) for role, shape in layer.label}


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


def _named(ours: Sequence[Layer], theirs: Sequence[Layer]) -> list[Pair]:
    """Layers of one name and shape."""
    known = {layer.name: layer for layer in theirs}
    found = ((layer, known.get(layer.name)) for layer in ours)
    return [Pair(x, y, "name") for x, y in found if y is not None and x.label == y.label]


def _rest(
    ours: Sequence[Layer], theirs: Sequence[Layer], pairs: Sequence[Pair]
) -> tuple[list[Layer], list[Layer]]:
    mine, other = {p.ours.name for p in pairs}, {p.theirs.name for p in pairs}
    return [x for x in ours if x.name not in mine], [x for x in theirs if x.name not in other]


def _ordered(ours: Sequence[Layer], pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    place = {layer.name: index for index, layer in enumerate(ours)}
    return tuple(sorted(pairs, key=lambda pair: place[pair.ours.name]))


def _told_apart(
    network: Sequence[Layer], ours: Sequence[Layer], theirs: Sequence[Layer], by_order: bool
) -> list[Pair]:
    """Pairs within every kind and shape, by order and, between branches, by names."""
    above = _ancestors(network)
    waiting: dict[Hashable, list[Layer]] = defaultdict(list)
    for layer in theirs:
        waiting[layer.label].append(layer)
    groups: dict[Hashable, list[Layer]] = defaultdict(list)
    for layer in ours:
        groups[layer.label].append(layer)
    pairs: list[Pair] = []
    for label, members in groups.items():
        start = 0
        for branches in _side_by_side(members, above):
            candidates = waiting[label][start : start + len(branches)]
            start += len(branches)
            if len(branches) == 1 or by_order:
                pairs += map(Pair, branches, candidates, ["order"] * len(branches))
            else:
                pairs += _by_words(branches, candidates)
    return pairs


def _ancestors(network: Sequence[Layer]) -> dict[str, int]:
    """By name: the layers before a layer, as the bits of a number; its own bit among them."""
    masks: list[int] = []
    for index, layer in enumerate(network):
        mask = 1 << index
        for owner, _ in layer.feeds or ():
            if 0 <= owner < index:
                mask |= masks[owner]
        masks.append(mask)
    return {layer.name: mask for layer, mask in zip(network, masks, strict=True)}


def _side_by_side(members: Sequence[Layer], above: dict[str, int]) -> list[list[Layer]]:
    """Runs of layers of which none leads to the other; a run leads to the next one."""
    runs: list[list[Layer]] = []
    for layer in members:
        mask = above[layer.name]
        parallel = [run for run in runs if any(not _leads(above[x.name], mask) for x in run)]
        if parallel:
            first = runs.index(parallel[0])
            runs[first:] = [[x for run in runs[first:] for x in run] + [layer]]
        else:
            runs.append([layer])
    return runs


def _leads(before: int, after: int) -> bool:
    return before & after == before


def _by_words(ours: Sequence[Layer], theirs: Sequence[Layer]) -> list[Pair]:
    """The one assignment whose names agree best."""
    shown = f"{ours[0].attribute} and {ours[1].attribute}"
    told = f"{theirs[0].name} and {theirs[1].name}"
    if len(ours) <= MOST_BRANCHES:
        score = [[_likeness(x, y) for y in theirs] for x in ours]
        ranked = sorted(
            (sum(score[i][j] for i, j in enumerate(order)), order)
            for order in permutations(range(len(theirs)))
        )
        if ranked[-1][0] > ranked[-2][0]:
            return [Pair(ours[i], theirs[j], "name") for i, j in enumerate(ranked[-1][1])]
    raise WeightsError(
        f"{shown} have one shape and lie side by side, as {told} do: which is which?",
        'name the pairs in a mapping (--map), or write `ambiguous = "order"` there',
    )


def _likeness(ours: Layer, theirs: Layer) -> int:
    """The words that the last parts of the names share."""
    return len(_words(ours.name) & _words(theirs.name))


def _words(name: str) -> set[str]:
    found = set()
    for part in re.split(r"[._]", name)[-3:]:
        stem = part.rstrip(digits)
        found.add(_WORDS.get(stem, stem) + part[len(stem) :])
    return {word for word in found if not word.isdigit()}
