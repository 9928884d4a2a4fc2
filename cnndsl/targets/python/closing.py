"""Last touches: `if` in `if`, arms of nothing or of one value, results that are only returned."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.python.arithmetic import binary
from cnndsl.targets.python.blocks import line_count
from cnndsl.targets.python.logic import negated
from cnndsl.targets.python.tree import Assign, Conditional, For, If, Name, Return, Statement

_STEP = 4  # columns that a body stands further in


def closing(steps: Sequence[Statement], indent: int) -> tuple[Statement, ...]:
    """The statements with one `if` for two that stand in each other, `return f(x)` for
    `x = f(x)` and `return x`, and a conditional expression for an `if` that fits a line."""
    found = [_closed(step, indent) for step in steps]
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
