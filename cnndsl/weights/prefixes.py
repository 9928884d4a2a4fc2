"""Groups of layers that stand under one prefix of their names, and what they hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from cnndsl.weights.layer import Label, Layer
from cnndsl.weights.naming import tree_of

Signature = tuple[tuple[Label, int], ...]  # kinds and shapes, and how many there are of each


def inside(layers: Sequence[Layer], allowed: Sequence[int]) -> dict[Signature, list[list[int]]]:
    """Groups of two layers and more, but not all of the allowed ones, by what they hold."""
    found: dict[Signature, list[list[int]]] = defaultdict(list)
    seen: set[tuple[int, ...]] = set()
    for _, group in tree_of([layers[index].name for index in allowed]).walk():
        members = tuple(sorted(allowed[place] for place in group.all()))
        if 1 < len(members) < len(allowed) and members not in seen:
            seen.add(members)
            counted = Counter(layers[index].label for index in members)
            found[tuple(sorted(counted.items()))].append(list(members))
    return found


def prefixed(layers: Sequence[Layer]) -> set[tuple[int, ...]]:
    """All that stands under a prefix, for every prefix."""
    tree = tree_of([layer.name for layer in layers])
    return {tuple(sorted(group.all())) for _, group in tree.walk()}


def is_stem(layers: Sequence[Layer], group: Sequence[int]) -> bool:
    """Whether names end in numbers behind a word: `norm1, norm2`."""
    ends = [layers[index].name.rstrip("0123456789") for index in group]
    return all(end and end[-1] != "." for end in ends)


def size_of(signature: Signature) -> int:
    return sum(count for _, count in signature)
