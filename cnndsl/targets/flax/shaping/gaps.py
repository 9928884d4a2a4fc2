"""What stands in a list of modules where an iteration builds none.

Lists that are walked together are equally long, and a condition of the author's says which items
run. Checkers do not know that a None is never called: an identity, or an empty list, is as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.growing import Growing, Type, finished
from cnndsl.targets.flax.shaping.inference import Definitions
from cnndsl.targets.flax.shaping.reading import Reading
from cnndsl.targets.flax.shaping.types import BOOL, CALLABLE, FLOAT, INT, LIST, STR, members
from cnndsl.targets.python.expressions import NONE, path
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.tree import (
    Attribute,
    Call,
    Constant,
    Do,
    Expr,
    For,
    If,
    Item,
    Name,
    Statement,
)

IDENTITY = path("nnx.identity")
_NOTHING: dict[Expr, Expr] = {
    BOOL: Constant(False),
    INT: Constant(0),
    FLOAT: Constant(0.0),
    STR: Constant(""),
}


def without_gaps(function: Function, module: Definitions, known: Mapping[str, Type]) -> Function:
    """The function with fillers in place of every None that it appends to a list.

    Args:
      function: a constructor.
      module: what the names of the module stand for.
      known: types of attributes of `self`, as `self.name`.
    """
    fillers: dict[int, Do] = {}
    for statement, held in Reading(module, function, known).appended:
        match statement.value:
            case Call(args=(item,)) as call if item == NONE:
                filler = _filler(held, module)
                if filler is not None:
                    fillers[id(statement)] = Do(replace(call, args=(filler,)))
    return replace(function, body=_filled(function.body, fillers)) if fillers else function


def _filled(body: Sequence[Statement], fillers: Mapping[int, Do]) -> tuple[Statement, ...]:
    """The statements with others for some, which are known by their identity."""
    found: list[Statement] = []
    for statement in body:
        match statement:
            case If(body=then, other=other):
                then, other = _filled(then, fillers), _filled(other, fillers)
                statement = replace(statement, body=then, other=other)
            case For(body=inner):
                statement = replace(statement, body=_filled(inner, fillers))
            case Do():
                statement = fillers.get(id(statement), statement)
        found.append(statement)
    return tuple(found)


def _filler(held: Growing, module: Definitions) -> Expr | None:
    """What is as good as None among the items of a list; None where nothing is."""
    found = {kind for kind in map(finished, held.items) if kind is not None}
    kinds = {member for kind in found - {NONE} for member in members(kind)}
    if NONE not in found or not kinds or any(finished(item) is None for item in held.items):
        return None
    if all(_takes_a_tensor(kind, module) for kind in kinds):
        return IDENTITY
    if all(isinstance(kind, Item) and kind.base == LIST for kind in kinds):
        return Call(LIST)
    return _NOTHING.get(*kinds) if len(kinds) == 1 else None


def _takes_a_tensor(kind: Expr, module: Definitions) -> bool:
    """Whether a type is one of modules that are called with a tensor and nothing else."""
    match kind:
        case Name(id=name):
            return module.inputs.get(name) == 1
        case Attribute(base=Name(id="nnx")):
            return True
    return kind == CALLABLE
