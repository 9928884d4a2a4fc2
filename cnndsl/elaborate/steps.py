"""The budget of what evaluating a spec may take."""

from __future__ import annotations

from collections.abc import Sized

from cnndsl import errors
from cnndsl.elaborate.collect import Failure
from cnndsl.source import Span

MAX_STEPS = 1_000_000
OVER = 2**60  # steps, once that has been reported


class Steps:
    """Counts steps, and fails once they are too many."""

    def __init__(self) -> None:
        self.steps = 0

    def spend(self, steps: int, span: Span) -> None:
        self.steps += steps
        if self.steps > MAX_STEPS:
            raise self._exhausted(span)

    def spend_on(self, items: Sized, span: Span) -> None:
        """What it takes to go through a list once."""
        self.spend(len(items) // 4, span)

    def _exhausted(self, span: Span) -> Failure:
        """Where the budget ended, the first time."""
        if self.steps > OVER:
            return Failure()
        self.steps = OVER
        return Failure(errors.over_budget(span, "evaluating this spec takes over a million steps"))
