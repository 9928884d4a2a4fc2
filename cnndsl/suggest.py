"""Did you mean …?"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain, islice

from cnndsl import elsewhere

_LONGEST = 40  # characters: no name worth a suggestion is longer
MOST = 500  # names to compare with: a suggestion must not cost more than it is worth
ONCE = 5_000  # where a command asks for one name, as for a model of the zoo


def closest(word: str, known: Iterable[str], most: int = MOST) -> str | None:
    """The known word most like `word`; None where none is like it, or over `most` are known."""
    known = set(islice(known, most + 1))
    meant = elsewhere.op(word)
    if meant in known:
        return meant
    stem = re.sub(r"(?i)layer$", "", word).lower()  # as MATLAB has it
    if stem and stem != word.lower() and stem in known:
        return stem
    if len(word) > _LONGEST or len(known) > most:
        return None
    word, changes = word.lower(), min(max(1, len(word) // 3), len(word) - 1)
    letters = set(word)
    likely = [
        each
        for each in known
        if abs(len(each) - len(word)) <= changes
        and len(letters.difference(each.lower())) <= changes
    ]
    ranked = sorted((_distance(word, each.lower()), each) for each in likely)
    return ranked[0][1] if ranked and ranked[0][0] <= changes else None


WORDS = ("true", "false", "none", "same", "valid", "nearest", "bilinear")  # predefined values


def meant_value(name: str, known: Iterable[str]) -> str | None:
    """Which value a name that nothing has was meant to be."""
    from cnndsl.ops.initial import PLAIN  # only mistakes ask for them

    if name in PLAIN:
        return f'an initialiser outside of its argument is a string: "{name}"'
    if name in ("in", "here"):
        return f"`{name}` is a tensor of a body: say `let` there, which sees it"
    meant = elsewhere.VALUES.get(name) or elsewhere.ARRIVES.get(name)
    meant = meant or closest(name, chain(known, WORDS))
    return f"did you mean `{meant}`?" if meant else None


def did_you_mean(word: str, known: Iterable[str], most: int = MOST) -> str | None:
    found = closest(word, known, most)
    return f"did you mean `{found}`?" if found else None


def _distance(a: str, b: str) -> int:
    """Insertions, deletions, replacements and swaps of neighbours that make `b` of `a`."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a):
        row = [i + 1]
        for j, y in enumerate(b):
            cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                cost = min(cost, before[j - 1] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
