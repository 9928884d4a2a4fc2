"""Writes random specs that are right by construction, for the generator to compile.

A statement or an element is right wherever it stands: for any height, width and channels that
arrive, any values of the names it uses, and any number of rounds of the loops around it. What fits
what is known from numbers that tensors of equal height and width share (kinds.Scope); where nothing
is known the spec computes it. grammar.py holds the constructs, which the other modules enter.
"""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.writing import idioms, learned, packs  # noqa: F401 - they enter their constructs
from tests.writing.definitions import block, function
from tests.writing.draft import Draft
from tests.writing.grammar import laid_out
from tests.writing.models import inner_model, model

BUDGETS = (2, 4, 6, 8, 10, 12, 16, 50)  # elements of a model
RANKS = ((2,), (2,), (2,), (1,), (1,), (3,), (1, 2), (2, 3), (1, 2, 3))  # of the whole language
DOCS = ("# A random network.", "# Rounds as math.floor does, partial(x) or jnp.round.")


class Writer:
    """One spec. Every choice comes from `random`, so that hypothesis can make it smaller.

    With `later` it is of the whole language: learned and fixed tensors, how tensors start, what
    stays, what kernels go through, signals and clips.
    """

    def __init__(self, random: Random, later: bool = False):
        self.draft = Draft(random, later)

    @property
    def written(self) -> Counter[str]:
        """How often each construct was chosen, by name."""
        return self.draft.written

    def spec(self) -> str:
        draft = self.draft
        if draft.later:
            draft.ranks = draft.random.choice(RANKS)
        lines = [draft.pick(*DOCS), ""]
        for _ in range(draft.random.choice((0, 0, 1, 2))):
            lines.append(function(draft))
        if draft.chance(0.2):
            lines += inner_model(draft)
        for _ in range(draft.random.choice((0, 1, 1, 2, 3, 4))):
            lines += block(draft)
        ranks = draft.ranks
        for rank in ranks:
            draft.ranks = (rank,)
            lines += model(draft, draft.random.choice(BUDGETS))
        return laid_out(lines)
