"""Whether what a module's functions do depends on their arguments alone."""

from __future__ import annotations

from collections.abc import Iterator

from cnndsl.targets.python.assignment import Names
from cnndsl.targets.python.callables import ClassValue
from cnndsl.targets.python.expressions import names
from cnndsl.targets.python.module_tree import Class, Function, Module
from cnndsl.targets.python.statements import expressions, flat
from cnndsl.targets.python.values import key_of


def is_closed(module: Module, held: Names) -> bool:
    """Whether no function of a module sees a value that can change, besides its arguments.

    Args:
      module: the tree.
      held: its names, once it was run.
    """
    changing = {name for name, value in held.items() if key_of(value) is None}
    if any(isinstance(held[name], ClassValue) for name in changing):
        return False
    if not changing:
        return True
    steps = (step for function in _functions(module) for step in flat(function.body))
    return all(changing.isdisjoint(names(e)) for step in steps for e in expressions(step))


def _functions(module: Module) -> Iterator[Function]:
    for definition in module.body:
        if isinstance(definition, Function):
            yield definition
        elif isinstance(definition, Class):
            yield from definition.methods
