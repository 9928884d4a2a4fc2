"""Which layer is which, as far as names, kinds and shapes force it.

Nothing here depends on the order of a file. A placement counts if every other one contradicts
what names tell:

1. groups: layers under one prefix, and layers of ours under one prefix, that hold the same kinds
   and shapes, and are the only ones, or as many on both sides and in one order;
2. numbers: of two layers whose names first differ in a number, the lower does not follow the
   higher one;
3. words: branches side by side are told apart by the words of their names, such as `downsample`.

Whatever is left open is ambiguous, and listed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, pairwise, permutations

from cnndsl.weights.layer import Layer, ancestors
from cnndsl.weights.match import Pair
from cnndsl.weights.naming import Token, before, natural, tokens, tree_of, words
from cnndsl.weights.prefixes import inside, is_stem, prefixed, size_of

MOST_BRANCHES = 7  # of one kind and shape side by side; permutations of more are too many
MOST_COMPARED = 1_000  # groups of one signature
COUNTED = ("conv2d", "d", "normalization", "dense")  # the last words of Keras's own names


@dataclass(frozen=True)
class Open:
    """Layers of one kind and shape that could be placed in several ways."""

    ours: tuple[Layer, ...]
    theirs: tuple[Layer, ...]


@dataclass
class Forced:
    """The pairs that are forced, and what is open."""

    pairs: list[Pair] = field(default_factory=list)
    open: list[Open] = field(default_factory=list)


def by_names(network: Sequence[Layer], ours: Sequence[Layer], theirs: Sequence[Layer]) -> Forced:
    """Pairs layers whose kinds and shapes are the same on both sides, one for one.

    Args:
      network: all of our layers, traced, in the order of execution.
      ours: those of them that are to be paired.
    """
    return _Search(network, ours, theirs).run()


def disorder(network: Sequence[Layer], pairs: Sequence[Pair]) -> tuple[Pair, Pair] | None:
    """Two pairs whose names of theirs count one way while the network runs the other way."""
    above = ancestors(network)
    masks = [above[pair.ours.name] for pair in pairs]
    bits = _bits(network, [pair.ours for pair in pairs])
    for _, tree in tree_of([pair.theirs.name for pair in pairs]).walk():
        later = 0
        numbers = sorted((t for t in tree.children if isinstance(t, int)), reverse=True)
        groups = [tree.children[number].all() for number in numbers]
        for members in [*groups, tree.here]:
            for index in members:
                if wrong := masks[index] & later:
                    other = next(i for i, bit in enumerate(bits) if bit & wrong)
                    return pairs[index], pairs[other]
            later |= sum(bits[index] for index in members)
    return None


def miscounted(network: Sequence[Layer], pairs: Sequence[Pair]) -> tuple[Pair, Pair] | None:
    """Two pairs of layers that stand under one prefix and do not count alike.

    `conv1, conv2, fc1, fc2` lie one after the other. Where kinds alternate, as in `conv1, bn1,
    conv2, conv3, bn2`, each counts from the same number on without a gap: what does not, such as
    `conv2, bn1, conv9, bn2`, was renamed, and its numbers tell nothing. Keras counts on, from
    network to network.
    """
    above = ancestors(network)
    masks = [above[pair.ours.name] for pair in pairs]
    bits = _bits(network, [pair.ours for pair in pairs])
    families: dict[tuple[Token, ...], dict[str, dict[int, int]]] = defaultdict(dict)
    for index, pair in enumerate(pairs):
        match tokens(pair.theirs.name):
            case (*prefix, str(word), int(number)) if word not in COUNTED:
                families[tuple(prefix)].setdefault(word, {})[number] = index
    for group in families.values():
        for one, other in combinations(group.values(), 2):
            if _from_one_start(one, other) or not any(
                pairs[index].by == "order" for index in (*one.values(), *other.values())
            ):
                continue
            first, second = _sum(bits, one), _sum(bits, other)
            follows = [index for index in other.values() if masks[index] & first]
            leads = [index for index in one.values() if masks[index] & second]
            if follows and leads:
                return pairs[leads[0]], pairs[follows[0]]
    return None


def _from_one_start(one: Mapping[int, int], other: Mapping[int, int]) -> bool:
    whole = (max(numbers) - min(numbers) + 1 == len(numbers) for numbers in (one, other))
    return min(one) == min(other) and all(whole)


def _sum(bits: Sequence[int], family: Mapping[int, int]) -> int:
    return sum(bits[index] for index in family.values())


def _bits(network: Sequence[Layer], layers: Sequence[Layer]) -> list[int]:
    place = {layer.name: index for index, layer in enumerate(network)}
    return [1 << place[layer.name] for layer in layers]


class _Search:
    def __init__(self, network: Sequence[Layer], ours: Sequence[Layer], theirs: Sequence[Layer]):
        self.ours = ours
        self.theirs = sorted(theirs, key=lambda layer: (natural(layer.name), layer.name))
        self.tokens = [tokens(layer.name) for layer in self.theirs]
        above = ancestors(network)
        self.above = [above[layer.name] for layer in ours]
        self.bits = _bits(network, ours)
        self.whole = prefixed(self.ours), prefixed(self.theirs)
        self.found = Forced()

    def run(self) -> Forced:
        waiting = [(list(range(len(self.ours))), list(range(len(self.theirs))))]
        while waiting:
            left, right = waiting.pop()
            groups = self.groups(left, right)
            if not groups:
                self.by_label(left, right)
                continue
            used_left = {index for one, _ in groups for index in one}
            used_right = {index for _, one in groups for index in one}
            waiting += groups
            rest = (
                [i for i in left if i not in used_left],
                [i for i in right if i not in used_right],
            )
            if rest[0]:
                waiting.append(rest)
        return self.found

    # --- groups ---------------------------------------------------------------------------

    def groups(self, left: list[int], right: list[int]) -> list[tuple[list[int], list[int]]]:
        """Groups that can only be one another, inside both lists, larger ones first."""
        ours, theirs = inside(self.ours, left), inside(self.theirs, right)
        found: list[tuple[list[int], list[int]]] = []
        used: tuple[set[int], set[int]] = set(), set()
        for signature in sorted(ours.keys() & theirs.keys(), key=size_of, reverse=True):
            free = [
                [group for group in groups if not taken.intersection(group)]
                for groups, taken in zip((ours[signature], theirs[signature]), used, strict=True)
            ]
            for one, other in self.in_order(*free):
                if (tuple(one) in self.whole[0]) != (tuple(other) in self.whole[1]):
                    continue  # what is left of a prefix is no other one
                if len(signature) == 1 and not self.is_told(one, other, left, right):
                    continue
                found.append((one, other))
                used[0].update(one)
                used[1].update(other)
        return found

    def is_told(self, one: list[int], other: list[int], left: list[int], right: list[int]) -> bool:
        """Whether a group of layers that are alike is another one: so it is if there are no more
        of them, or if both are numbers behind a word, `norm1, norm2`, or both behind a module.

        `features.0, features.1` may be any two of `norm1, norm2, shortcut.norm`.
        """
        label = self.ours[one[0]].label
        more = len(one) < sum(self.ours[i].label == label for i in left)
        more |= len(other) < sum(self.theirs[i].label == label for i in right)
        return not more or is_stem(self.ours, one) == is_stem(self.theirs, other)

    def in_order(
        self, ours: list[list[int]], theirs: list[list[int]]
    ) -> list[tuple[list[int], list[int]]]:
        """Groups of one signature in their order, if there is one on both sides."""
        if len(ours) != len(theirs) or len(ours) > MOST_COMPARED:
            return []
        masks = {id(g): sum(self.bits[i] for i in g) for g in ours}
        seen = {id(g): _union(self.above[i] for i in g) for g in ours}
        ours.sort(key=lambda group: min(self.bits[index] for index in group))
        for one, next_one in pairwise(ours):
            if seen[id(one)] & masks[id(next_one)] or not all(
                self.above[index] & masks[id(one)] for index in next_one
            ):
                return []
        prefixes = [self.prefix(group) for group in theirs]
        order = sorted(range(len(theirs)), key=lambda index: theirs[index][0])
        for first, second in pairwise(order):
            if not before(prefixes[first], prefixes[second]):
                return []
        return list(zip(ours, [theirs[index] for index in order], strict=True))

    def prefix(self, group: Sequence[int]) -> tuple[Token, ...]:
        first, *rest = (self.tokens[index] for index in group)
        length = len(first)
        for name in rest:
            same = [a == b for a, b in zip(first, name, strict=False)]
            length = min(length, same.index(False) if False in same else len(same))
        return first[:length]

    # --- layers ---------------------------------------------------------------------------

    def by_label(self, left: Sequence[int], right: Sequence[int]) -> None:
        ours: dict[Hashable, list[int]] = defaultdict(list)
        theirs: dict[Hashable, list[int]] = defaultdict(list)
        for index in left:
            ours[self.ours[index].label].append(index)
        for index in right:
            theirs[self.theirs[index].label].append(index)
        for label, members in ours.items():
            candidates = theirs[label]
            if len(members) == len(candidates) == 1:
                self.pair(members[0], candidates[0], "shape")
            elif len(members) != len(candidates) or not self.by_numbers(members, candidates):
                self.open(members, candidates)

    def by_numbers(self, members: list[int], candidates: list[int]) -> bool:
        """Runs of ours, each of which leads to the next, beside theirs in their order."""
        found: list[tuple[int, int, str]] = []
        start = 0
        for run in self.side_by_side(members):
            chosen = candidates[start : start + len(run)]
            start += len(run)
            for first in chosen:
                if not all(before(self.tokens[first], self.tokens[i]) for i in candidates[start:]):
                    return False
            if len(run) == 1:
                found.append((run[0], chosen[0], "order"))
                continue
            order = self.by_words(run, chosen)
            if order is None:
                return False
            found += [(i, chosen[j], "name") for i, j in zip(run, order, strict=True)]
        for index, chosen_one, by in found:
            self.pair(index, chosen_one, by)
        return True

    def side_by_side(self, members: Sequence[int]) -> list[list[int]]:
        """Runs of layers of which none leads to the other; all of a run lead to the next one."""
        runs: list[list[int]] = []
        for index in members:
            mask = self.above[index]
            parallel = [
                r for r, run in enumerate(runs) if any(not mask & self.bits[i] for i in run)
            ]
            if parallel:
                first = parallel[0]
                runs[first:] = [[i for run in runs[first:] for i in run] + [index]]
            else:
                runs.append([index])
        return runs

    def by_words(self, run: Sequence[int], chosen: Sequence[int]) -> tuple[int, ...] | None:
        """The one assignment whose names share most words; None if there are several."""
        if len(run) > MOST_BRANCHES:
            return None
        mine = [words(self.ours[index].name) for index in run]
        other = [words(self.theirs[index].name) for index in chosen]
        score = [[len(one & two) for two in other] for one in mine]
        ranked = sorted(
            (sum(score[i][j] for i, j in enumerate(order)), order)
            for order in permutations(range(len(chosen)))
        )
        return ranked[-1][1] if ranked[-1][0] > ranked[-2][0] else None

    def pair(self, index: int, counterpart: int, by: str) -> None:
        self.found.pairs.append(Pair(self.ours[index], self.theirs[counterpart], by))

    def open(self, members: Sequence[int], candidates: Sequence[int]) -> None:
        ours = tuple(self.ours[index] for index in members)
        self.found.open.append(Open(ours, tuple(self.theirs[index] for index in candidates)))


def _union(masks: Iterable[int]) -> int:
    found = 0
    for mask in masks:
        found |= mask
    return found
