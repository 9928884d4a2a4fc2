"""`x, prev = cell(x, prev), x`: a value that is kept while its variable gets the next one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.python.draft import Line, Step
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.statements import bodies, expressions, flat, read, with_bodies, written
from cnndsl.targets.python.tree import Assign, Blank, Name, Tuple


def simultaneous(steps: Sequence[Step]) -> list[Step]:
    """The statements with such threes as one."""
    counts: Counter[str] = Counter()
    for step in flat(steps):
        for expr in expressions(step):
            counts.update(e.id for e in walk(expr) if isinstance(e, Name))
    return _block(steps, counts)


def _block(steps: Sequence[Step], counts: Counter[str]) -> list[Step]:
    found = [
        with_bodies(step, *(_block(body, counts) for body in inner)) if inner else step
        for step, inner in zip(steps, map(bodies, steps), strict=True)
    ]
    position = 0
    while position < len(found):
        kept = _copy(found[position])
        if kept is not None and counts[kept[0]] == 2:
            again = _folded(found, position, *kept)
            if again is not None:
                found = again
                continue
        position += 1
    return found


def _copy(step: Step) -> tuple[str, str] | None:
    """`kept = source`."""
    match step:
        case Assign(targets=(Name(id=kept),), value=Name(id=source)) if "#" in kept:
            return kept, source
    return None


def _folded(steps: list[Step], position: int, kept: str, source: str) -> list[Step] | None:
    """The statements without `kept`: its copy back stands beside the next value of `source`."""
    base = source.split("@")[0]
    for later in range(position + 1, len(steps)):
        step = steps[later]
        if (copied := _copy(step)) is not None and copied[1] == kept:
            return None
        sets = [n for n in written(step) if n.split("@")[0] == base]
        if not sets:
            if kept in read(step) or source in written(step) or bodies(step):
                return None
            continue
        after = next(
            (i for i in range(later + 1, len(steps)) if not isinstance(steps[i], Blank)), None
        )
        if after is None or not isinstance(step, Assign) or len(step.targets) != 1:
            return None
        back = _copy(steps[after])
        if back is None or back[1] != kept or kept in names(step.value):
            return None
        if any(back[0] in read(s) | written(s) for s in steps[position + 1 : later]):
            held = [s for s in steps[position + 1 : later] if back[0] in written(s)]
            if held:
                return None
        targets = Tuple((step.targets[0], Name(back[0])))
        value = Tuple((step.value, Name(source)))
        both = replace(step, targets=(targets,), value=value)
        if isinstance(both, Line):
            both = replace(both, roles=frozenset())
        rest = [s for i, s in enumerate(steps) if i not in (position, later, after)]
        rest.insert(later - 1, both)
        return rest
    return None
