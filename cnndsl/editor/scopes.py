"""Names with what they stand for, the scopes in which they do, and words that are no names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from cnndsl.elaborate.program import Program
from cnndsl.ops.base import Op
from cnndsl.source import Source, Span
from cnndsl.syntax import ast


@dataclass(eq=False)
class Symbol:
    """Something with a name: a fn, a block, an op, a model, a parameter or the argument of an op's
    class, a value, a tensor, a stage, an aux head or shared layers.

    `span` is its first name, `node` what has it.

    What stands in a loop is `numbered`: the stage `layer` is called `layer1` elsewhere. A pack may
    have its name besides.
    """

    name: str
    kind: str
    span: Span
    node: ast.Node
    numbered: bool = False
    plain: bool = False  # whether something else of that name is called as it stands


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name in a text; `suffix` is the number that a loop put behind it."""

    span: Span
    symbol: Symbol
    defines: bool
    suffix: str = ""


@dataclass
class Symbols:
    """All occurrences of a program, and those of the parameters by their definitions."""

    occurrences: list[Occurrence] = field(default_factory=list)
    globals: dict[str, Symbol] = field(default_factory=dict)
    parameters: dict[str, dict[str, Symbol]] = field(default_factory=dict)
    tensors: dict[str, dict[str, Symbol]] = field(default_factory=dict)  # by block or model
    # `layer3` of `features.layer3`, with what `features` is; what a variant expects, with it.
    endpoints: list[tuple[Span, str, ast.Node]] = field(default_factory=list)

    def at(self, source: Source, offset: int) -> Occurrence | None:
        """The name at a place, also right behind its last letter."""
        for each in self.occurrences:
            span = each.span
            if span.source is source and span.start <= offset <= span.end:
                return each
        return None

    def of(self, symbol: Symbol) -> list[Occurrence]:
        return [each for each in self.occurrences if each.symbol is symbol]


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


def words_of(op: type[Op], args: Sequence[ast.Argument]) -> Iterator[ast.Name]:
    """The names among the arguments of an op that mean themselves: `reduce_mean(width)`."""
    kinds = op.arguments()
    for argument, position in zip(args, [*kinds, *[""] * len(args)], strict=False):
        taken = kinds.get(argument.name or position)
        waiting = [argument.value] if taken and taken.kind.own_words else []
        while waiting and taken is not None:
            value = waiting.pop()
            if isinstance(value, ast.Conditional):
                waiting += [value.then, value.other]
            elif isinstance(value, ast.Name) and value.id in taken.kind.own_words:
                yield value


def name_of(parameter: ast.Parameter) -> Span:
    """The name that a parameter begins with, without its default."""
    start = parameter.span.start
    return Span(parameter.span.source, start, start + len(parameter.name))


def root_of(name: str, program: Program) -> str:
    """The definition whose parameters a block, a fn or a model has; "" where that is unknown."""
    model = program.models.get(name)
    if model is None:
        return name
    return program.root(model).name if program.sound else ""


def model_of(node: ast.Node) -> str:
    """The model whose result a statement names, as `features = ResNet50(classes = 0)` does, or the
    variant that a statement is.
    """
    if isinstance(node, ast.Variant):
        return node.name
    last = node.chain.elements[-1] if isinstance(node, ast.Bind | ast.Run) else None
    return last.name if isinstance(last, ast.Apply) else ""
