"""Names with what they stand for, and the scopes in which they do."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnndsl.source import Span
from cnndsl.syntax import ast


@dataclass(eq=False)
class Symbol:
    """Something with a name: a fn, a block, a model, a parameter, a value, a tensor, a stage, an
    aux head or shared layers.

    `span` is its first name, `node` what has it.

    What stands in a loop is `numbered`: the stage `layer` is called `layer1` elsewhere.
    """

    name: str
    kind: str
    span: Span
    node: ast.Node
    numbered: bool = False


@dataclass(eq=False)
class Scope:
    """The values and the tensors of a body, and the scope around it."""

    parent: Scope | None = None
    values: dict[str, Symbol] = field(default_factory=dict)
    tensors: dict[str, Symbol] = field(default_factory=dict)

    def value(self, name: str) -> Symbol | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.values:
                return scope.values[name]
            scope = scope.parent
        return None

    def tensor(self, name: str) -> Symbol | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.tensors:
                return scope.tensors[name]
            scope = scope.parent
        return None
