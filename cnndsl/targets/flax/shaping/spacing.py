"""Where a call has empty lines, and which lines give endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.statements import (
    bodies,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Blank,
    If,
    Item,
    Name,
    Return,
)


def tidy_call(steps: Sequence[Step]) -> list[Step]:
    """`x = out["stem"] = self.stem(x)` for a stage of one line; single empty lines."""
    found: list[Step] = []
    steps = [
        with_bodies(step, *(tidy_call(body) for body in bodies(step))) if bodies(step) else step
        for step in steps
    ]
    for i, step in enumerate(steps):
        if _is_endpoint(step) and found and _alone(found, steps, i):
            last = found.pop()
            assert isinstance(last, Assign) and isinstance(step, Assign)
            found.append(replace(last, targets=(*last.targets, *step.targets)))
            continue
        found.append(step)
    return _single_blanks(found)


def _is_endpoint(step: Step) -> bool:
    return (
        isinstance(step, Assign)
        and len(step.targets) == 1
        and isinstance(step.targets[0], Item)
        and isinstance(step.value, Name)
    )


def _alone(found: list[Step], steps: Sequence[Step], index: int) -> bool:
    """Whether the line before an endpoint is all of its stage."""
    step, last = steps[index], found[-1]
    if not isinstance(step, Assign) or not isinstance(last, Assign):
        return False
    if len(last.targets) != 1 or last.targets[0] != step.value:
        return False
    return len(found) < 2 or isinstance(found[-2], (Blank, Return))


def _single_blanks(steps: Sequence[Step]) -> list[Step]:
    """No empty lines at the ends and no two in a row; stages of one line stand together."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Blank) and (not found or isinstance(found[-1], Blank)):
            continue
        found.append(step)
    while found and isinstance(found[-1], Blank):
        found.pop()
    kept: list[Step] = []
    for i, step in enumerate(found):
        if isinstance(step, Blank) and _is_short(found[i - 1]) and _is_short(found[i + 1]):
            continue
        kept.append(step)
    return kept


def _is_short(step: Step) -> bool:
    """A stage of one line, or an auxiliary head between such ones."""
    if isinstance(step, If):
        return step.test == Name("aux")
    return isinstance(step, Assign) and len(step.targets) > 1
