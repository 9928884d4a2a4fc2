"""Runs a module's tree without Python's own means: no text is compiled, nothing imported.

What the module imports, the target gives as externals: a module does what its tree says
with them and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

from cnndsl.targets.python.assignment import Names
from cnndsl.targets.python.callables import ClassValue, Defined
from cnndsl.targets.python.closures import Evaluator
from cnndsl.targets.python.library import Function as Plain
from cnndsl.targets.python.library import functools_library, partial_of
from cnndsl.targets.python.module_tree import Class, Definition, Frozen, Function, Helper, Module
from cnndsl.targets.python.run import Block, assigned
from cnndsl.targets.python.standard import builtins, math_library
from cnndsl.targets.python.tree import Assign
from cnndsl.targets.python.values import Budget, External, Failure, described


def interpret(
    module: Module,
    imports: Mapping[tuple[str, str | None], External],
    helpers: Mapping[str, object],
    budget: Budget,
) -> Names:
    """Runs a module's definitions and gives its names.

    Args:
      module: the tree.
      imports: what the module may import, by module and, of `from module import name`, name.
      helpers: what the definitions that modules carry mean to the target, by fragment.
      budget: the steps that this and every later call into the module may take.

    Raises:
      Failure: with the definition or the statement at fault.
    """
    names = Names(builtins(budget))
    python = {
        ("functools", "partial"): Plain("partial", partial_of),
        ("functools", None): functools_library(budget),
        ("math", None): math_library(),
    }
    for line in module.imports:
        key = (line.module, line.name if line.is_from else None)
        known = python.get(key) or imports.get(key)
        if known is None:
            raise Failure(f"the module imports {line.module}, {line.name}")
        names[line.bound] = known
    definitions = _Definitions(names, helpers, budget)
    for definition in module.body:
        definitions.run(definition)
    return names


class _Definitions:
    """Runs the definitions of a module, in order."""

    def __init__(self, names: Names, helpers: Mapping[str, object], budget: Budget):
        self.names = names
        self.helpers = helpers
        self.budget = budget

    def run(self, definition: Definition) -> None:
        evaluator = Evaluator(self.names, self.budget)
        match definition:
            case Function():
                self.names[definition.name] = Defined(
                    self.names, self.budget, definition, definition.name
                )
            case Class():
                self.names[definition.name] = self.class_(definition)
            case Helper(name=name, defines=defines):
                if name not in self.helpers:
                    raise Failure(f"the target has no helper `{name}`")
                self.names[defines] = self.helpers[name]
            case Frozen(name=name, rows=rows):
                self.names[name] = tuple(evaluator.sequence(rows)(self.names))
            case Assign():
                Block((definition,), evaluator).run(self.names)

    def class_(self, tree: Class) -> ClassValue:
        if tree.base is None:
            raise Failure(f"class {tree.name} has no base")
        base = Evaluator(self.names, self.budget).function(tree.base)(self.names)
        if not isinstance(base, External) or not base.is_base:
            raise Failure(f"class {tree.name} derives from {described(base)}")
        found = ClassValue(tree.name, base)
        local = assigned(tree.attributes)
        names = _ClassNames(self.names)
        Block(tree.attributes, Evaluator(self.names, self.budget, local)).run(names)
        found.members.update((name, names[name]) for name in local if name in names)
        for method in tree.methods:
            words = f"{tree.name}.{method.name}"
            found.members[method.name] = Defined(self.names, self.budget, method, words, found)
        return found


class _ClassNames(Names):
    """The names of a class's body, behind which stand those of the module."""

    def __init__(self, module: Names):
        super().__init__()
        self.module = module

    def __missing__(self, name: str) -> object:
        return self.module[name]
