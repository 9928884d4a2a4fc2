"""What stands in a list of modules where an iteration builds none.

Lists that are walked together are equally long, and a condition of the author's says which items
run. Checkers do not know that a None is never called: an identity, or an empty list, is as good.
"""

from __future__ import annotations

from dataclasses import replace

from cnndsl.targets.flax.shaping.inference import Definitions, Growing, finished
from cnndsl.targets.flax.shaping.reading import Reading
from cnndsl.targets.flax.shaping.types import BOOL, CALLABLE, FLOAT, INT, LIST, STR, members
from cnndsl.targets.python.expressions import NONE, path
from cnndsl.targets.python.tree import Attribute, Call, Constant, Do, Expr, Item, Name

IDENTITY = path("nnx.identity")
_NOTHING: dict[Expr, Expr] = {
    BOOL: Constant(False),
    INT: Constant(0),
    FLOAT: Constant(0.0),
    STR: Constant(""),
}


def filled(reading: Reading, module: Definitions) -> dict[int, Do]:
    """What appends a filler to a list in place of None, by the identity of the statement that
    appends None; the types of those lists know it."""
    found: dict[int, Do] = {}
    lists = {id(held): held for _, held in reading.appended}
    fillers = {key: _filler(held, module) for key, held in lists.items()}
    for statement, held in reading.appended:
        filler = fillers[id(held)]
        match statement.value:
            case Call(args=(item,)) as call if item == NONE and filler is not None:
                found[id(statement)] = Do(replace(call, args=(filler,)))
    for key, filler in fillers.items():
        if filler is not None:
            kinds = [kind for kind in lists[key].items if finished(kind) != NONE]
            lists[key].items = [*kinds, CALLABLE] if filler == IDENTITY else kinds
    return found


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
