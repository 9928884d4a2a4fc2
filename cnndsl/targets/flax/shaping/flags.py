"""Conditions that no `let` names are called after what they decide: `has_conv`, `residual`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnndsl.targets.flax.staging.draft import Draft
from cnndsl.targets.python.draft import Join, Step
from cnndsl.targets.python.expressions import names, walk
from cnndsl.targets.python.logic import negated
from cnndsl.targets.python.rebuild import rebuild
from cnndsl.targets.python.statements import (
    assigned,
    bodies,
    expressions,
    flat,
    map_step,
    mentions,
)
from cnndsl.targets.python.tree import (
    Assign,
    Attribute,
    Call,
    Conditional,
    Expr,
    For,
    If,
    Name,
    Unary,
)

UNNAMED = "active"  # the stem of a flag, until it is known what it decides
_RESIDUAL = "residual"

Arms = tuple[bool, Sequence[Step], Sequence[Step]]  # whether a flag holds in the first of two


def name_flags(draft: Draft, init: list[Step], call: list[Step]) -> tuple[list[Step], list[Step]]:
    """Gives flags their stems. One that says where nothing is done becomes its opposite."""
    flags = [n for n, v in draft.variables.items() if v.kind == "flag" and "@" not in n]
    for flag in flags:
        if draft.variables[flag].stem != UNNAMED:
            continue
        found = _of_modules(draft, flag, init) or _of_the_call(draft, flag, call)
        if found is None:
            continue
        stem, holds = found
        draft.variables[flag].stem = stem
        if flag in draft.slots:
            draft.slots[flag].stem = stem
        if not holds:
            init = [_opposite(step, flag) for step in init]
            call = [_opposite(step, flag) for step in call]
    return init, call


def _of_modules(draft: Draft, flag: str, init: Sequence[Step]) -> tuple[str, bool] | None:
    """The name for the first module that a flag decides on, and whether it is built where the
    flag holds."""
    for holds, then, other in _arms(init, flag):
        for is_then, arm in ((True, then), (False, other)):
            stem = next((draft.slots[n].stem for n in _slots(draft, arm)), "")
            if stem:
                is_elif = len(other) == 1 and isinstance(other[0], If)
                return f"has_{stem}", is_elif or holds is is_then
    return None


def _slots(draft: Draft, steps: Sequence[Step]) -> Iterator[str]:
    """The slots on `self` that hold modules, in order."""
    for part in mentions(steps):
        match part:
            case Attribute(base=Name("self"), name=name) if name in draft.slots:
                if not draft.slots[name].is_value:
                    yield name


def _of_the_call(draft: Draft, flag: str, call: Sequence[Step]) -> tuple[str, bool] | None:
    """The name for the one function that a flag decides on, or for the sum with what arrives."""
    for holds, then, other in _arms(call, flag):
        first, second = _computing(then), _computing(other)
        if len([*first, *second]) == 1:
            stem = _done(draft, [*first, *second][0].value)
            if stem:
                return stem, holds is bool(first)
    for holds, choice in _choices(call, flag):
        for value, left, is_then in (
            (choice.then, choice.other, True),
            (choice.other, choice.then, False),
        ):
            if isinstance(left, Name) and (stem := _done(draft, value)):
                return stem, holds is is_then
    return None


def _computing(steps: Sequence[Step]) -> list[Assign]:
    """The statements of an arm that do more than to hand on what there is."""
    return [s for s in steps if isinstance(s, Assign) and not isinstance(s.value, Name)]


def _done(draft: Draft, value: Expr) -> str:
    match value:
        case Join(op="+") if draft.takes_x and "x" in names(value):
            return _RESIDUAL
        case Call(function=Name(id=name) | Attribute(base=Name(id="nnx"), name=name)):
            return f"has_{name}"
    return ""


def _arms(steps: Sequence[Step], flag: str) -> Iterator[Arms]:
    for step in flat(steps):
        if isinstance(step, If) and (holds := _tested(step.test, flag)) is not None:
            yield holds, step.body, step.other


def _choices(steps: Sequence[Step], flag: str) -> Iterator[tuple[bool, Conditional]]:
    for step in flat(steps):
        for part in (e for expr in expressions(step) for e in walk(expr)):
            if isinstance(part, Conditional):
                holds = _tested(part.test, flag)
                if holds is not None:
                    yield holds, part


def _tested(test: Expr, flag: str) -> bool | None:
    """Whether a test holds where a flag does; None where it is another test."""
    if isinstance(test, Unary) and test.op == "not":
        found = _tested(test.operand, flag)
        return None if found is None else not found
    return True if _is(test, flag) else None


def _is(expr: Expr, flag: str) -> bool:
    name = expr.name if isinstance(expr, Attribute) else getattr(expr, "id", "")
    return str(name).split("@")[0] == flag


def _opposite(step: Step, flag: str) -> Step:
    """A statement with a flag that says the opposite."""

    def change(expr: Expr) -> Expr:
        match expr:
            case Attribute() | Name():
                return negated(expr) if _is(expr, flag) else expr
            case Unary(op="not", operand=held) if _is(held, flag):
                return held
            case Conditional(then=then, test=test, other=other) if _is(test, flag):
                return Conditional(change(other), test, change(then))
        return rebuild(expr, change)

    match step:
        case If(test=test):
            body, other = (tuple(_opposite(s, flag) for s in held) for held in bodies(step))
            if _is(test, flag) and other:
                return If(test, other, body)
            return If(change(test), body, other)
        case For(iterable=iterable):
            return For(step.target, change(iterable), tuple(_opposite(s, flag) for s in step.body))
        case Assign(targets=(target,)) if _is(target, flag):
            return assigned(step, step.targets, negated(change(step.value)))
    return map_step(step, change)
