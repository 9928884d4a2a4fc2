"""Lists of modules as a constructor fills them."""

from __future__ import annotations

from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.tree import Assign, Attribute, Call, Do, Expr, ListOf, Name

LIST = Attribute(Name("nnx"), "List")


def append(step: Step) -> tuple[Expr, Expr] | None:
    """The list and the value of `list.append(value)`."""
    match step:
        case Do(Call(function=Attribute(base=base, name="append"), args=(value,))):
            return base, value
    return None


def carries(step: Step) -> tuple[str, Expr] | None:
    match step:
        case Assign(targets=(Name(id=name),), value=value):
            return name, value
    return None


def is_start(step: Step, holder: Expr) -> bool:
    """Whether a statement makes the list that `holder` names."""
    return (
        isinstance(step, Assign)
        and step.targets == (holder,)
        and isinstance(step.value, Call)
        and step.value.function == LIST
        and all(isinstance(a, ListOf) for a in step.value.args)
    )


def started(value: Expr) -> tuple[Expr, ...]:
    """What a list holds from the start."""
    if isinstance(value, Call) and value.args and isinstance(value.args[0], ListOf):
        return value.args[0].items
    return ()


def is_empty(value: Expr) -> bool:
    return isinstance(value, Call) and value.function == LIST and not value.args
