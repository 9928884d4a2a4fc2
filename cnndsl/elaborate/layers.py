"""Layers as values: an op or a block, with or without arguments, that a parameter holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.cycles import used_blocks
from cnndsl.elaborate.empty import fill
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.making import Maker
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.reuse import Known
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.unknown_names import is_attribute, of_a_tensor
from cnndsl.ir import LayerArgument, Pack, Tensor, Value
from cnndsl.ops.base import Op
from cnndsl.source import Span
from cnndsl.syntax import ast


class LayerValues:
    """What names of ops and blocks are in expressions."""

    def __init__(self, program: Program, evaluator: Evaluator, known: Known):
        self.program = program
        self.evaluator = evaluator
        self.maker = Maker(evaluator, known)
        self.known = known

    def value(self, expr: ast.Name | ast.Call, scope: Scope) -> LayerArgument | None:
        """The layer of an expression, None where its name is no op and no block."""
        name = expr.id if isinstance(expr, ast.Name) else expr.func.id
        block = self.program.blocks.get(name)
        kind = self.program.op(name)
        if block is None and kind is None:
            return None
        element = self.known.elements.get(id(expr))
        if element is None:
            span = expr.span if isinstance(expr, ast.Name) else expr.func.span
            args = expr.args if isinstance(expr, ast.Call) else None
            element = self.known.elements[id(expr)] = ast.Apply(expr.span, name, span, args)
        try:
            if block is not None:
                return self._block(element, block, scope)
            return None if kind is None else self._op(element, kind, scope)
        except Failure as failure:
            if isinstance(expr, ast.Name) and is_attribute(name, self.program):
                inside = next((each.definition for each in scope.around() if each.definition), "")
                asked = of_a_tensor(expr, in_block=inside in self.program.blocks)
                raise Failure(asked) from None
            raise Failure(_handed_over(failure.diagnostic)) from None

    def _op(self, element: ast.Apply, kind: type[Op], scope: Scope) -> LayerArgument:
        given, bound = self.maker.arguments(element, kind, scope)
        self._check(element, bound)
        return LayerArgument(element, self.maker.op(element, kind, given, bound), bound, given)

    def _block(self, element: ast.Apply, block: ast.Block, scope: Scope) -> LayerArgument:
        self.evaluator.spend(len(block.parameters), element.span)
        given = match_parameters(block, element.args or (), element.span)
        bound = {n: self.evaluator.evaluate(a.value, scope) for n, a in given.items()}
        inner = self.evaluator.parameters(block, bound)
        fill(block, inner, self.known)
        known = inner.known()
        args = {p.name: known[p.name] for p in block.parameters}
        self._check(element, args)
        check_held(self.program, block, args.values(), element.span)
        return LayerArgument(element, block, args, given)

    def _check(self, element: ast.Apply, args: dict[str, Value]) -> None:
        """Refuses tensors: a layer that is an argument knows nothing of where it was written."""
        for name, value in args.items():
            if isinstance(value, Tensor | Pack):
                kind = values.kind(value)
                message = f"`{name}` is {kind}: as an argument, `{element.name}` gets none"
                raise Failure(errors.wrong_type(element.span, message, None))


def _handed_over(mistake: Diagnostic | None) -> Diagnostic | None:
    """What lacks an argument, with the place where a layer gets it."""
    if mistake is None or mistake.code != "E105":
        return mistake
    note = "a layer that is an argument has its own arguments here: where it runs, it gets none"
    return replace(mistake, notes=(*mistake.notes, note))


def check_held(program: Program, block: ast.Block, args: Iterable[Value], span: Span) -> None:
    """Refuses an argument that leads back to the block that receives it."""
    for value in args:
        if not isinstance(value, LayerArgument) or not isinstance(value.what, ast.Block):
            continue
        held = program.held.setdefault(block.name, {})
        if value.name in held:
            continue
        way = _way(program, value.name, block.name)
        if way:
            raise Failure(errors.recursion(span, "block", [block.name, *way]))
        held[value.name] = None


def _way(program: Program, start: str, goal: str) -> list[str]:
    """A way from a block to another one, through those that it uses or receives."""
    before: dict[str, str | None] = {start: None}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            way: list[str] = []
            step: str | None = name
            while step is not None:
                way.append(step)
                step = before[step]
            return way[::-1]
        block = program.blocks[name]
        for other in (*used_blocks(block, program.blocks), *program.held.get(name, ())):
            if other not in before:
                before[other] = name
                waiting.append(other)
    return []
