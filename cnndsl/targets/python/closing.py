"""Last touches: `if` in `if`, an arm of nothing, and a result that is only returned."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.targets.python.arithmetic import binary, negated
from cnndsl.targets.python.tree import Assign, For, If, Name, Return, Statement


def closing(steps: Sequence[Statement]) -> tuple[Statement, ...]:
    """The statements with one `if` for two that stand in each other, and `return f(x)` for
    `x = f(x)` and `return x`."""
    found = [_closed(step) for step in steps]
    match found[-2:]:
        case [Assign(targets=(Name() as kept,), value=value, comment=""), Return(value=result)]:
            if kept == result:
                found[-2:] = [Return(value)]
    return tuple(found)


def _closed(step: Statement) -> Statement:
    match step:
        case If():
            body, other = closing(step.body), closing(step.other)
            match body, other:
                case (If(test=test, body=inner, other=()),), ():
                    return If(binary("and", step.test, test), inner)
            if other and not body:
                return If(negated(step.test), other)
            return If(step.test, body, other)
        case For():
            return For(step.target, step.iterable, closing(step.body))
    return step
