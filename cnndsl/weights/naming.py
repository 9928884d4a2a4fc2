"""What names of layers tell: groups by prefix, and an order where numbers differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_PART = re.compile(r"\d+|[^\W\d_]+")
_SYNONYMS = {
    "bn": "norm",
    "batchnorm": "norm",
    "downsample": "shortcut",
    "projection": "shortcut",
    "proj": "shortcut",
    "skip": "shortcut",
    "fc": "dense",
    "linear": "dense",
}

DEEPEST = 30  # parts of a name that are told apart
Token = str | int


def tokens(name: str) -> tuple[Token, ...]:
    """`layer3.10.conv1` is (layer, 3, 10, conv, 1); what lies between them does not count."""
    parts: list[str] = _PART.findall(name)
    if len(parts) > DEEPEST:
        parts[DEEPEST:] = ["".join(parts[DEEPEST:])]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def natural(name: str) -> tuple[tuple[bool, Token], ...]:
    """A key by which `layer3.2` comes before `layer3.10`."""
    return tuple((isinstance(token, str), token) for token in tokens(name))


def words(name: str) -> frozenset[str]:
    """The words of a name, frameworks' synonyms as one; numbers only count things."""
    return frozenset(
        _SYNONYMS.get(t.lower(), t.lower()) for t in tokens(name) if isinstance(t, str)
    )


def before(first: Sequence[Token], second: Sequence[Token]) -> bool:
    """Whether two names first differ in a number, and the first has the lower one.

    A number that is missing is lower than any: `conv2d` comes before `conv2d_1`.
    """
    for one, other in zip(first, second, strict=False):
        if one != other:
            return isinstance(one, int) and isinstance(other, int) and one < other
    return len(first) < len(second) and isinstance(second[len(first)], int)


@dataclass
class Tree:
    """Names by their tokens.

    Attributes:
      here: the indices of the names that end here.
      children: what may follow.
    """

    here: list[int] = field(default_factory=list)
    children: dict[Token, Tree] = field(default_factory=dict)

    def all(self) -> list[int]:
        """The indices of all the names below."""
        found = list(self.here)
        stack = list(self.children.values())
        while stack:
            tree = stack.pop()
            found += tree.here
            stack += tree.children.values()
        return found

    def walk(self) -> Iterator[tuple[tuple[Token, ...], Tree]]:
        """Every group with its prefix, groups before those inside them."""
        stack: list[tuple[tuple[Token, ...], Tree]] = [((), self)]
        while stack:
            prefix, tree = stack.pop()
            yield prefix, tree
            stack += [((*prefix, token), child) for token, child in tree.children.items()]


def tree_of(names: Sequence[str]) -> Tree:
    """The tree of a list of names, which are known by their indices."""
    root = Tree()
    for index, name in enumerate(names):
        tree = root
        for token in tokens(name):
            tree = tree.children.setdefault(token, Tree())
        tree.here.append(index)
    return root
