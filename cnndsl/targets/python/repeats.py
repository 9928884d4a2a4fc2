"""Assignments that change nothing: `x = x`, and `width = filters` behind the same."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cnndsl.targets.python.draft import Loop, Step
from cnndsl.targets.python.expressions import attributes, names, walk
from cnndsl.targets.python.statements import bodies, flat, read, with_bodies, written
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Binary,
    Call,
    Conditional,
    Constant,
    Do,
    Expr,
    If,
    Item,
    Name,
    Unary,
)

_PLAIN = (Name, Constant, Binary, Unary, Item, Attribute, Conditional)


def without_repeats(
    steps: Sequence[Step],
    held: Mapping[str, Expr] | None = None,
    outside: tuple[Sequence[Step], ...] = (),
    always: Container[int] = (),
) -> list[Step]:
    """The statements without those that variables' shared names leave to say nothing.

    `held` is what variables are known to be before the statements, `outside` are those that may
    run behind them, `always` the loops that run at least once.
    """
    known = dict(held or {})
    found: list[Step] = []
    for place, step in enumerate(steps):
        match step:
            case Assign(targets=(Name() | Attribute() as target,), value=value) if target == value:
                continue
            case Assign(targets=(Name(id=name),), value=value) if known.get(name) == value:
                continue
            case If():
                behind = (*outside, steps[place + 1 :])
                arms = (without_repeats(body, known, behind, always) for body in bodies(step))
                step = with_bodies(step, *arms)
                if not any(bodies(step)):
                    continue
            case _ if inner := bodies(step):
                throughout = _throughout(known, step)
                behind = (*outside, steps[place + 1 :])
                rounds = [without_repeats(b, throughout, (*behind, [step]), always) for b in inner]
                if not any(rounds) and not _read_in(behind, written(step)):
                    continue
                step = with_bodies(step, *rounds) if all(rounds) else step
        known = _changes(flat([step])).left(known)
        if isinstance(step, Loop) and step.number in always:
            inside = _changes([s for s in flat([step]) if not isinstance(s, Assign)])
            known |= inside.left(_set_by(step.body))
        known |= _set_by([step])
        found.append(step)
    return found


def _set_by(steps: Sequence[Step]) -> dict[str, Expr]:
    """What variables are behind statements that set them."""
    known: dict[str, Expr] = {}
    for step in steps:
        known = _changes(flat([step])).left(known)
        match step:
            case Assign(targets=(Name(id=name),), value=value) if _is_plain(value, name):
                known[name] = value
    return known


def _read_in(parts: Iterable[Sequence[Step]], variables: frozenset[str]) -> bool:
    return any(read(step) & variables for steps in parts for step in flat(steps))


def _is_plain(value: Expr, name: str) -> bool:
    """Whether an expression is the same wherever its variables are, and is not of `name`."""
    return all(isinstance(e, _PLAIN) for e in walk(value)) and name not in names(value)


def _throughout(known: Mapping[str, Expr], loop: Step) -> dict[str, Expr]:
    """What holds before a loop and at the beginning of each round: what it sets is what it was."""
    return _changes(s for s in flat([loop]) if not _is_again(s, known)).left(known)


def _is_again(step: Step, known: Mapping[str, Expr]) -> bool:
    """Whether a statement only gives a variable the value that is known of it."""
    match step:
        case Assign(targets=(Name(id=name),), value=value):
            return known.get(name) == value
    return False


@dataclass(frozen=True)
class _Changes:
    """What statements set or change: variables, and attributes of `self`."""

    variables: frozenset[str]
    attributes: frozenset[str]

    def left(self, known: Mapping[str, Expr]) -> dict[str, Expr]:
        """What still holds behind them."""
        return {
            name: value
            for name, value in known.items()
            if name not in self.variables
            and self.variables.isdisjoint(names(value))
            and self.attributes.isdisjoint(attributes(value))
        }


def _changes(steps: Iterable[Step]) -> _Changes:
    """What statements themselves change, without those inside them."""
    variables: set[str] = set()
    own: set[str] = set()
    for step in steps:
        variables |= written(step)
        match step:
            case Assign(targets=targets):
                changed = [t.base if isinstance(t, Item) else t for t in targets]
            case Do(value=Call(function=Attribute(base=grown))):  # a list
                changed = [grown]
            case _:
                continue
        for expr in changed:
            variables |= names(expr) - {"self"}
            own |= attributes(expr)
    return _Changes(frozenset(variables), frozenset(own))
