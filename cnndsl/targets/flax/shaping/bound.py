"""Variables that are set wherever they are read, as far as a checker can see.

A condition of the author's may stand around a `let` and again around what reads it, and loops of
the author's always run: a checker knows neither. A variable that only names a value gives way to
it; one that a loop carries begins before the loop, and one that branches set before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cnndsl.targets.flax.shaping.growing import Type, finished
from cnndsl.targets.flax.shaping.inference import Definitions
from cnndsl.targets.flax.shaping.reading import Reading
from cnndsl.targets.flax.shaping.types import FLOAT, INT, RESULTS
from cnndsl.targets.python.draft import Step
from cnndsl.targets.python.expressions import attributes, names, path, size, walk
from cnndsl.targets.python.module_tree import Function
from cnndsl.targets.python.rebuild import substitute
from cnndsl.targets.python.statements import (
    all_written,
    flat,
    map_step,
    plain,
    read,
    written,
)
from cnndsl.targets.python.tree import (
    Assign,
    Call,
    Comprehension,
    Constant,
    Dict,
    Expr,
    For,
    If,
    Name,
    Statement,
)

_LARGEST = 6  # nodes of a value that is written out where it is read
_ARRAY = path("jax.Array")
_BEGINS, _BEGINS_WITHOUT_LOOP = "until the loop sets it", "until a branch sets it"


def bound(function: Function, module: Definitions, known: Mapping[str, Type]) -> Function:
    """The function with every variable set before it is read.

    Args:
      function: a method, or a function of the module.
      module: what the names of the module stand for.
      known: types of attributes of `self`, as `self.name`.
    """
    parameters = [p.name for p in function.parameters]
    while unbound := _unbound(function.body, parameters):
        changed = function
        for name in unbound:
            changed = _without(changed, name) or _begun(changed, name, module, known) or changed
        if changed == function:
            break
        function = changed
    return function


# --- which ----------------------------------------------------------------------------


def _unbound(body: Sequence[Statement], parameters: Sequence[str]) -> list[str]:
    """The variables that are read where some way leads past all lines that set them."""
    found: dict[str, None] = {}
    _flow(body, set(parameters), all_written(body), found)
    return list(found)


def _flow(
    body: Sequence[Statement], held: set[str], own: set[str], found: dict[str, None]
) -> set[str]:
    """Which variables are set behind some statements, `held` being set before."""
    for step in body:
        for name in sorted((read(step) - _inner(step)) & own - held):
            found.setdefault(name)
        match step:
            case If(body=then, other=other):
                held = _flow(then, set(held), own, found) & _flow(other, set(held), own, found)
            case For(body=inner):
                _flow(inner, held | written(step), own, found)
            case _:
                held = held | written(step)
    return held


def _inner(step: Statement) -> set[str]:
    """The variables of comprehensions."""
    return {
        name
        for expr in _values(step)
        for part in walk(expr)
        if isinstance(part, Comprehension)
        for name in names(part.target)
    }


def _values(step: Statement) -> Iterator[Expr]:
    match step:
        case If(test=test):
            yield test
        case For(iterable=iterable):
            yield iterable
        case _ if (value := getattr(step, "value", None)) is not None:
            yield value


# --- a value instead of its name --------------------------------------------------------


def _without(function: Function, name: str) -> Function | None:
    """The function with the value that a variable names written out; None where that differs."""
    setting = [s for s in flat(function.body) if name in written(s)]
    match setting:
        case [Assign(targets=(Name(),), value=value)] if size(value) <= _LARGEST:
            pass
        case _:
            return None
    if not _stays(value, function, setting[0]):
        return None

    def change(step: Statement) -> Statement:
        return plain(map_step(step, lambda expr: substitute(expr, {name: value})))

    body = _less(function.body, setting[0])
    return replace(function, body=tuple(map(change, body)))


def _stays(value: Expr, function: Function, setting: Step) -> bool:
    """Whether a value is the same at the beginning of a function, or where it is set, and at
    every line behind."""
    if any(isinstance(part, (Call, Comprehension)) for part in walk(value)):
        return False
    steps = list(flat(function.body))
    at = next(i for i, step in enumerate(steps) if step is setting)
    loops = (step for step in function.body if isinstance(step, For))
    later = steps[at:] if not any(_holds(loop, setting) for loop in loops) else steps
    if names(value) & {n for step in later for n in written(step)}:
        return False
    top = [s for s in function.body if isinstance(s, Assign)]
    moved = [s for s in steps if isinstance(s, Assign) and s not in top]
    return not attributes(value) & {n for s in moved for t in s.targets for n in attributes(t)}


def _holds(step: Step, inner: Step) -> bool:
    return any(each is inner for each in flat([step]))


def _less(body: Sequence[Statement], setting: Step) -> tuple[Statement, ...]:
    """The statements without one of them, and without the `if`s that it alone made."""
    found: list[Statement] = []
    for step in body:
        if step is setting:
            continue
        match step:
            case If(body=then, other=other) if _holds(step, setting):
                then, other = _less(then, setting), _less(other, setting)
                if not then and not other:
                    continue
                step = replace(step, body=then, other=other)
            case For(body=inner) if _holds(step, setting):
                step = replace(step, body=_less(inner, setting))
        found.append(step)
    return tuple(found)


# --- a first value ----------------------------------------------------------------------


def _begun(
    function: Function, name: str, module: Definitions, known: Mapping[str, Type]
) -> Function | None:
    """The function with a first value for what a loop carries, or some branches of a call set;
    None where there is none."""
    setting = [i for i, step in enumerate(function.body) if name in all_written([step])]
    is_carried = any(isinstance(s, For) for i in setting for s in flat([function.body[i]]))
    if not is_carried and function.name == "__init__":
        return None
    at = setting[0]
    kind = finished(Reading(module, function, known).variables.types.get(name))
    first: Expr | None = None
    if kind in (INT, FLOAT):
        first = Constant(0 if kind == INT else 0.0)
    elif kind == RESULTS:
        first = Dict(())
    elif function.name != "__init__":
        arrays = [p.name for p in function.parameters if p.annotation == _ARRAY]
        first = Name(arrays[0]) if arrays else None
    if first is None:
        return None
    when = _BEGINS if is_carried else _BEGINS_WITHOUT_LOOP
    start = Assign((Name(name),), first, when, RESULTS if kind == RESULTS else None)
    return replace(function, body=(*function.body[:at], start, *function.body[at:]))
