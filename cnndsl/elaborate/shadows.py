"""Names that hide others, or have two meanings: what is meant depends on where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cnndsl import advice
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.program import Program
from cnndsl.ops import ADDED
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.walk import below, walk


def shadows(program: Program) -> Iterator[Diagnostic]:
    """Warns of names in groups, loops and lists that hide others, of hidden ops, and of questions
    for a value where a tensor is meant.

    A second `let` in one scope rebinds, which is what `let i = i + 1` is for, and hides nothing.
    """
    for definition in program.spec.definitions:
        if isinstance(definition, ast.Use | ast.Variant):
            continue
        if isinstance(definition, ast.Block | ast.Op) and definition.name in ADDED:
            what = "block" if isinstance(definition, ast.Block) else "definition"
            yield advice.hidden_op(definition.name_span, definition.name, what)
        yield from _Shadows(definition).found()
        yield from _asked(definition)


def _asked(definition: ast.Fn | ast.Block | ast.Model | ast.Op) -> Iterator[Diagnostic]:
    """Warns of questions whether a value is none that is always, where a tensor has its name."""
    lets: dict[str, list[ast.Let]] = {}
    tensors: set[str] = set()
    asked: list[tuple[str, Span]] = []
    for node in walk(definition):
        match node:
            case ast.Let(name=name):
                lets.setdefault(name, []).append(node)
            case ast.Bind(name=name) | ast.Pack(name=name):
                tensors.add(name)
            case ast.Binary(op="==" | "!=", left=ast.Name(id=name), right=ast.Literal(value=None)):
                asked.append((name, node.span))
    for name, span in asked:
        values = [let.value for let in lets.get(name, ())]
        is_none = all(isinstance(each, ast.Literal) and each.value is None for each in values)
        if values and is_none and name in tensors:
            yield advice.asks_for_value(span, name, lets[name][0].name_span)


@dataclass
class _Scope:
    """What one body has bound so far, with the place of each name."""

    parent: _Scope | None = None
    values: dict[str, Span] = field(default_factory=dict)
    tensors: dict[str, Span] = field(default_factory=dict)
    loops: dict[str, Span] = field(default_factory=dict)  # the variables of the loops around


@dataclass
class _Shadows:
    """One definition."""

    definition: ast.Fn | ast.Block | ast.Model | ast.Op

    def found(self) -> Iterator[Diagnostic]:
        outer = _Scope()
        for parameter in self.definition.parameters:
            start = parameter.span.start
            name = Span(parameter.span.source, start, start + len(parameter.name))
            outer.values[parameter.name] = outer.loops[parameter.name] = name
        waiting: list[tuple[ast.Node, _Scope]] = [(self.definition, outer)]
        while waiting:
            node, scope = waiting.pop()
            yield from self.node(node, scope)
            waiting += reversed(_below(node, scope))

    def node(self, node: ast.Node, scope: _Scope) -> Iterator[Diagnostic]:
        match node:
            case ast.Let(name=name, name_span=span):
                if first := _around(scope, name, tensors=False):
                    yield advice.shadow(span, name, "value", first)
                scope.values.setdefault(name, span)
            case ast.Bind(name=name, name_span=span) | ast.Pack(name=name, name_span=span):
                if first := _around(scope, name, tensors=True):
                    yield advice.shadow(span, name, "tensor", first)
                if name in ADDED and name not in scope.tensors:
                    yield advice.hidden_op(span, name, "tensor")
                scope.tensors.setdefault(name, span)
            case ast.For(targets=names, target_spans=spans):
                for name, span in zip(names, spans, strict=True):
                    if name in scope.loops and name != "_":
                        yield advice.shadow(span, name, "value", scope.loops[name])
            case (
                ast.Comprehension(targets=names, target_spans=spans)
                | ast.ItemLoop(targets=names, target_spans=spans)
            ):
                for name, span in zip(names, spans, strict=True):
                    first = scope.loops.get(name) or scope.values.get(name)
                    if first and name != "_":
                        yield advice.shadow(span, name, "value", first)


def _around(scope: _Scope, name: str, *, tensors: bool) -> Span | None:
    """Where the bodies around one have bound a name; None of what the body itself has bound."""
    if name in (scope.tensors if tensors else scope.values):
        return None
    outer = scope.parent
    while outer is not None:
        names = outer.tensors if tensors else {**outer.loops, **outer.values}
        if name in names:
            return names[name]
        outer = outer.parent
    return None


def _below(node: ast.Node, scope: _Scope) -> list[tuple[ast.Node, _Scope]]:
    """What a node holds, each with the scope that it stands in; what a loop goes over stands
    outside of it.
    """
    match node:
        case ast.Group() | ast.Aux():
            inner, outside = _Scope(scope, loops=dict(scope.loops)), None
        case ast.For(targets=names, target_spans=spans, items=items):
            inner, outside = _inside(scope, names, spans), items
        case ast.Comprehension(targets=names, target_spans=spans, items=items):
            inner, outside = _inside(scope, names, spans), items
        case ast.ItemLoop(targets=names, target_spans=spans, values=items):
            inner, outside = _inside(scope, names, spans), items
        case _:
            inner, outside = scope, None
    return [(each, scope if each is outside else inner) for each in below(node)]


def _inside(scope: _Scope, names: Iterable[str], spans: Iterable[Span]) -> _Scope:
    """What a loop holds: a body of the one around it, with variables besides."""
    loops = {**scope.loops, **dict(zip(names, spans, strict=True))}
    return _Scope(scope.parent, scope.values, scope.tensors, loops)
