"""Layers that are shared: declared once, run wherever their name stands in a chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import TypeAlias

from cnndsl import errors
from cnndsl.diagnostics import Label
from cnndsl.elaborate.collect import Collector, Failure
from cnndsl.elaborate.explain import shape_text
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.scope import Scope, Unknown
from cnndsl.ir import Chained, Declared, Instance, Layer, Network, Node, Tensor, Used, Value
from cnndsl.syntax import ast
from cnndsl.syntax.walk import walk
from cnndsl.walks import children, layers

Meaning: TypeAlias = "Value | Unknown | Tensor"


@dataclass
class Declaration:
    """Shared layers, where they were declared, and what the names that they read meant there."""

    record: Declared
    scope: Scope
    read: dict[str, Meaning]
    is_named: bool = False  # by a chain, be it with a mistake

    def check(self, use: ast.Apply) -> None:
        """Refuses a use with arguments, or one where a name means something else by now."""
        name, self.is_named = use.name, True
        if use.args is not None:
            message = f"`{name}` is shared layers and takes no arguments where they run"
            raise Failure(errors.not_shareable(use.span, message))
        for read, meant in self.read.items():
            if _meaning(read, self.scope) != meant:
                message = f"`{name}` reads `{read}`, which was something else where it was declared"
                help = "give the later one another name"
                raise Failure(errors.not_shareable(use.span, message, help))

    def used(self, use: ast.Apply, x: Tensor, run: Chained) -> Used:
        """One more use, whose layers are those of the first; refuses one that has others."""
        record = Used(use, self.record, x, run.out, run)
        for first in self.record.uses[:1]:
            _check_alike(record, first)
            for mine, theirs in zip(layers(record), layers(first), strict=True):
                mine.first = theirs
        self.record.uses.append(record)
        return record


def declare(statement: ast.Shared, scope: Scope, program: Program) -> Declaration:
    """Shared layers as declared; refuses what cannot be shared."""
    name = statement.name
    if what := program.what(name):
        raise Failure(errors.name_taken(statement.name_span, name, what))
    if scope.tensor(name) is not None:
        raise Failure(errors.name_taken(statement.name_span, name, "a tensor already"))
    for element in statement.chain.elements:
        if not isinstance(element, ast.Apply):
            message = "shared layers are ops and blocks, one after the other"
            raise Failure(errors.not_shareable(element.span, message, "put this into a block"))
        if scope.tensor(element.name) is not None or scope.declaration(element.name) is not None:
            message = f"`{element.name}` cannot stand in shared layers: it is no op and no block"
            raise Failure(errors.not_shareable(element.span, message))
    names = {node.id for node in walk(statement.chain) if isinstance(node, ast.Name)}
    read = {n: _meaning(n, scope) for n in sorted(names - {"here", "in"})}
    return Declaration(Declared(statement), scope, read)


def check_used(declared: list[Declaration], program: Program, found: Collector) -> None:
    """Reports shared layers that nothing runs, unless another mistake may be why."""
    is_sound = not found
    for declaration in declared:
        if declaration.is_named:
            continue
        statement = declaration.record.statement
        name = statement.name
        message = f"nothing runs the shared layers `{name}`"
        help = f"run them where they belong, as in `x -> {name}`, or delete them"
        if _is_mentioned(statement, program):
            if not is_sound:
                continue
            message = f"nothing runs the shared layers `{name}` here"
            help = "an `if` or a loop decides whether they run: declare them in one like it"
        found.add(errors.not_shareable(statement.name_span, message, help))


def _is_mentioned(statement: ast.Shared, program: Program) -> bool:
    """Whether the definition of shared layers says their name in a chain."""
    span = statement.span
    for definition in (*program.blocks.values(), *program.models.values()):
        held = definition.span
        if held.source is span.source and held.start <= span.start < held.end:
            nodes = walk(definition)
            return any(isinstance(n, ast.Apply) and n.name == statement.name for n in nodes)
    return False


def is_again(record: Node) -> bool:
    """Whether a record is another use of layers that have been there before."""
    return isinstance(record, Used) and not record.is_first


def counterparts(network: Network) -> Iterator[tuple[Layer | Instance, Layer | Instance]]:
    """Layers and instances of further uses of shared layers, each with that of the first use."""
    for record in network.shared:
        for other in record.uses[1:]:
            yield from zip(_parts(other), _parts(record.uses[0]), strict=True)


def _parts(use: Used) -> Iterator[Layer | Instance]:
    stack: list[Node] = [use]
    while stack:
        current = stack.pop()
        if isinstance(current, (Layer, Instance)):
            yield current
        stack.extend(reversed(children(current)))


def _meaning(name: str, scope: Scope) -> Meaning:
    found, value = scope.value(name)
    return value if found else scope.tensor(name)


def _check_alike(use: Used, first: Used) -> None:
    """Refuses a use whose layers differ from those of the first one."""
    if use.out.known is None or first.out.known is None:
        raise Failure
    name, at = use.element.name, Label(first.element.span, _arrives(first))
    for mine, theirs in zip_longest(_parts(use), _parts(first)):
        message = f"`{name}` has other layers here than where it runs first"
        if isinstance(mine, Instance) and isinstance(theirs, Instance):
            continue
        if not isinstance(mine, Layer) or not isinstance(theirs, Layer):
            raise Failure(errors.shared_differs(use.element.span, message, _arrives(use), at))
        if type(mine.op) is not type(theirs.op):
            raise Failure(errors.shared_differs(use.element.span, message, _arrives(use), at))
        if mine.x.known is None or theirs.x.known is None:
            raise Failure
        ours, others = mine.op.params(mine.x.shape), theirs.op.params(theirs.x.shape)
        if ours != others:
            message = f"the layers of `{name}` have one set of tensors, and need another here"
        if mine.op != theirs.op or ours != others:
            raise Failure(errors.shared_differs(use.element.span, message, _arrives(use), at))


def _arrives(use: Used) -> str:
    return f"{shape_text(use.x.shape)} arrives here"
