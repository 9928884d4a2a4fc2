"""Last touches: `if` in `if`, arms that begin or end alike, of nothing or of one value, results
that are only returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.expressions import walk
from cnndsl.targets.python.logic import negated
from cnndsl.targets.python.tree import Assign, Conditional, Expr, For, If, Name, Return, Statement

_SELF = Name("self")
_STEP = 4  # columns that a body stands further in


def closing(steps: Sequence[Statement], indent: int) -> tuple[Statement, ...]:
    """The statements with one `if` for two that stand in each other, `return f(x)` for
    `x = f(x)` and `return x`, and a conditional expression for an `if` that fits a line."""
    found = [_closed(part, indent) for step in steps for part in _apart(step)]
    match found[-2:]:
        case [If(test=test, body=body, other=other), Return(value=Name() as flow) as end]:
            if _ends(body, flow) and _ends(other, flow):
                guard = If(test, closing([*body, end], indent + _STEP))
                found[-2:] = [guard, *closing([*other, end], indent)]
    match found[-2:]:
        case [Assign(targets=(Name() as kept,), value=value, comment=""), Return(value=result)]:
            if kept == result:
                found[-2:] = [Return(value)]
    return tuple(found)


def _apart(step: Statement) -> Sequence[Statement]:
    """What both arms of an `if` begin with, what they differ in, and what both end in."""
    if not isinstance(step, If) or not step.other or isinstance(step.other[0], If):
        return (step,)
    body, other = list(step.body), list(step.other)
    before: list[Statement] = []
    while body and other and (same := _same(body[0], other[0])) and not _decides(same, step.test):
        before.append(same)
        del body[0], other[0]
    behind: list[Statement] = []
    while body and other and (same := _same(body[-1], other[-1])):
        behind.insert(0, same)
        del body[-1], other[-1]
    if not before and not behind:
        return (step,)
    left = [If(step.test, tuple(body), tuple(other))] if body or other else []
    return (*before, *left, *behind)


def _same(one: Statement, two: Statement) -> Statement | None:
    """The statement that two are; a comment stays if both have it."""
    if isinstance(one, Assign) and isinstance(two, Assign) and one.comment != two.comment:
        one, two = replace(one, comment=""), replace(two, comment="")
    return one if one == two else None


def _decides(step: Statement, test: Expr) -> bool:
    """Whether a test may come out otherwise behind a statement."""
    if not isinstance(step, Assign):
        return True
    held = set(walk(test))
    return any(part in held for target in step.targets for part in walk(target) if part != _SELF)


def _ends(steps: Sequence[Statement], result: Name) -> bool:
    """Whether some statements end in what is returned behind them, without a comment on it."""
    match steps[-1:]:
        case [Assign(targets=(kept,), comment="")]:
            return kept == result
        case [If(body=body, other=other)]:
            return _ends(body, result) and _ends(other, result)
    return False


def _closed(step: Statement, indent: int) -> Statement:
    match step:
        case If():
            body, other = closing(step.body, indent + _STEP), _others(step.other, indent)
            if other and not body:
                return _closed(If(negated(step.test), other), indent)
            match body, other:
                case (If(test=test, body=inner, other=()),), ():
                    return If(binary("and", step.test, test), inner)
                case _, (If(test=test, body=inner, other=rest),) if body == inner:
                    return _chosen(If(binary("or", step.test, test), body, rest), indent)
            return _chosen(If(step.test, body, other), indent)
        case For():
            return For(step.target, step.iterable, closing(step.body, indent + _STEP))
    return step


def _others(steps: Sequence[Statement], indent: int) -> tuple[Statement, ...]:
    """The arm behind `else`; an `elif` stays one."""
    match steps:
        case (If(test=test, body=body, other=other),):
            inner = closing(body, indent + _STEP)
            if inner:
                return (If(test, inner, _others(other, indent)),)
    return closing(steps, indent + _STEP)


def _chosen(step: If, indent: int) -> Statement:
    match step:
        case If(
            body=(Assign(targets=(Name(),) as one, value=then),),
            other=(Assign(targets=(Name(),) as two, value=other),),
        ) if one == two and not {type(then), type(other)} & {Conditional}:
            chosen = Assign(one, Conditional(then, step.test, other))
            return chosen if line_count(chosen, indent) == 1 else step
    return step
