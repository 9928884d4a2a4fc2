"""What lines of the call set, and what flows into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import walk
from cnndsl.targets.python.tree import Assign, Binary, Conditional, Expr, Name


def stem_of(target: Expr) -> str:
    return target.id.split("#")[0] if isinstance(target, Name) else ""


def only_line(steps: Sequence[Step]) -> Line | None:
    """The one assignment to a variable that an arm is."""
    if len(steps) != 1:
        return None
    (step,) = steps
    if isinstance(step, Line):
        return step if isinstance(step.targets[0], Name) else None
    if isinstance(step, Assign) and len(step.targets) == 1 and isinstance(step.targets[0], Name):
        return Line(step.targets, step.value)
    return None


def target_of(line: Line) -> str:
    target = line.targets[0]
    return target.id if isinstance(target, Name) else ""


def flow_of(expr: Expr) -> list[str]:
    """The variables that flow into a line, each mentioned once."""
    held = Counter(ordered_names(expr))
    return [n for n, count in held.items() if count == 1 and "#" in n]


def ordered_names(expr: Expr) -> list[str]:
    return [e.id for e in walk(expr) if isinstance(e, Name) and "#" in e.id]


def is_compound(expr: Expr) -> bool:
    return isinstance(expr, (Binary, Conditional))
