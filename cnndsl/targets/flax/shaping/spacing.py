"""Where a call has empty lines, and which lines give endpoints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.statements import (
    bodies,
    plain,
    with_bodies,
)
from cnndsl.targets.python.tree import (
    Assign,
    Augment,
    Blank,
    If,
    Item,
    Name,
    Return,
)

_STEP = 4  # columns that a body stands further in


def tidy_call(steps: Sequence[Step], indent: int = 8) -> list[Step]:
    """`x = out["stem"] = self.stem(x)` for a stage of one line, `x = skip = self.conv(x)`; single
    empty lines."""
    found: list[Step] = []
    for step in steps:
        if inner := bodies(step):
            step = with_bodies(step, *(tidy_call(body, indent + _STEP) for body in inner))
        if found and (_names_result(step, found[-1]) or _is_alone(step, found)):
            last = found[-1]
            assert isinstance(last, Assign) and isinstance(step, Assign)
            both = replace(last, targets=(*last.targets, *step.targets))
            if line_count(plain(both), indent) <= line_count(plain(last), indent) + 1:
                found[-1] = both
                continue
        found.append(step)
    return _single_blanks(found)


def _names_result(step: Step, last: Step) -> bool:
    """Whether a statement only gives another name to what the last one computes."""
    match last, step:
        case (
            Assign(targets=(Name() as kept,), value=computed),
            Assign(targets=(Name(),), value=Name() as value),
        ):
            return kept == value and not isinstance(computed, Name)
    return False


def _is_alone(step: Step, found: Sequence[Step]) -> bool:
    """Whether a statement is an endpoint, and the line before it all of its stage."""
    match found[-1], step:
        case Assign(targets=(kept,)), Assign(targets=(Item(),), value=Name() as value):
            before = found[-2:-1]
            return kept == value and all(isinstance(s, (Augment, Blank, Return)) for s in before)
    return False


def _single_blanks(steps: Sequence[Step]) -> list[Step]:
    """No empty lines at the ends, behind counts of stages, and no two in a row; stages of one line
    stand together."""
    found: list[Step] = []
    for step in steps:
        if isinstance(step, Blank) and (not found or isinstance(found[-1], (Augment, Blank))):
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
