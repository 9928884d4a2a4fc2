"""Assignments that change nothing: `x = x`, and `width = filters` behind the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.statements import all_written, bodies, with_bodies
from cnndsl.targets.python.tree import Assign, Attribute, Binary, Constant, Expr, If, Name

_PLAIN = (Name, Constant, Binary)


def without_repeats(steps: Iterable[Step], held: Mapping[str, Expr] | None = None) -> list[Step]:
    """The statements without those that variables' shared names leave to say nothing.

    `held` is what variables are known to be before the statements.
    """
    known = dict(held or {})
    found: list[Step] = []
    for step in steps:
        match step:
            case Assign(targets=(Name() | Attribute() as target,), value=value) if target == value:
                continue
            case Assign(targets=(Name(id=name),), value=value) if known.get(name) == value:
                continue
            case If():
                step = with_bodies(step, *(without_repeats(b, known) for b in bodies(step)))
                if not any(bodies(step)):
                    continue
            case _ if inner := bodies(step):
                step = with_bodies(step, *map(without_repeats, inner))
        _forget(known, all_written([step]))
        match step:
            case Assign(targets=(Name(id=name),), value=value) if _is_plain(value, name):
                known[name] = value
        found.append(step)
    return found


def _is_plain(value: Expr, name: str) -> bool:
    """Whether an expression is the same wherever its variables are, and is not of `name`."""
    return all(isinstance(e, _PLAIN) for e in walk(value)) and name not in names(value)


def _forget(known: dict[str, Expr], changed: set[str]) -> None:
    for name in [n for n, value in known.items() if n in changed or names(value) & changed]:
        del known[name]
