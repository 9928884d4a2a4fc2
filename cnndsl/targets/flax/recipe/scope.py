"""Where the functions of a recipe stand: in a module of their own, or in a class among others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cnndsl.targets.flax.shaping.docs import wrapped
from cnndsl.targets.python.expressions import call, path, self_
from cnndsl.targets.python.module_tree import Function, Parameter
from cnndsl.targets.python.tree import Call, Expr, Name, Statement

ARRAY = path("jax.Array")
STEPS = Name("steps_per_epoch")
_DOC = 78  # columns of a docstring with its quotes, in a function of the module


@dataclass(frozen=True)
class Scope:
    """How functions name the constants and the functions of their recipe."""

    in_class: bool

    def of(self, name: str) -> Expr:
        return self_(name) if self.in_class else Name(name)

    def calls(self, name: str, *args: Expr) -> Call:
        return call(self.of(name), *args)

    def function(
        self,
        name: str,
        parameters: Sequence[tuple[str, Expr]],
        returns: Expr,
        body: Sequence[Statement],
        doc: str,
    ) -> Function:
        own = (Parameter("self"),) if self.in_class else ()
        typed = (Parameter(name, annotation) for name, annotation in parameters)
        said = wrapped(doc, _DOC - 4 * self.in_class)
        return Function(name, (*own, *typed), returns, tuple(body), said)


@dataclass(frozen=True)
class Trained:
    """One recipe in trees, the models that it trains, and what its author wrote of it."""

    models: tuple[str, ...]
    comment: str
    constants: Mapping[str, Expr]
    functions: tuple[Function, ...]


def listed(names: Sequence[str]) -> str:
    """`VGG16`, `VGG16 and VGG16GAP`, `A, B and C`."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
