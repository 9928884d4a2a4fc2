"""Statements to records: bodies of models, stages, blocks, groups, loops and branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from cnndsl import errors
from cnndsl.elaborate.chains import Chains
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.faults import not_a_list, unpacked
from cnndsl.elaborate.forms import labelled
from cnndsl.elaborate.head import is_classes
from cnndsl.elaborate.inside import name_endpoints
from cnndsl.elaborate.lets import names_a_value
from cnndsl.elaborate.names import Names
from cnndsl.elaborate.packs import check_is_value, no_pack, pack_has_no_shape, pack_of, wrong_names
from cnndsl.elaborate.places import at_end, forget, in_model, once_in_model
from cnndsl.elaborate.repair import UNSHAPED
from cnndsl.elaborate.scope import UNKNOWN, Scope
from cnndsl.elaborate.shapes import Shapes
from cnndsl.elaborate.sharing import declare
from cnndsl.elaborate.weight import weight_of
from cnndsl.ir import (
    Auxiliary,
    Chosen,
    Failed,
    Frame,
    Looped,
    Named,
    Noted,
    Pack,
    Packed,
    Ran,
    Record,
    Returned,
    Staged,
    Tensor,
    Unpacked,
)
from cnndsl.syntax import ast

Done = tuple[Record, Tensor]  # the record of a statement, and what flows on


class Statements:
    """Elaborates bodies; each method returns the record and the tensor that flows on."""

    def __init__(self, shared: Shared):
        self.shared = shared
        self.chains = Chains(shared, self.body)
        self.names = Names(shared)
        self.shapes = Shapes(shared)

    def body(
        self, body: ast.Body, x: Tensor, scope: Scope, context: Context
    ) -> tuple[Frame, Tensor]:
        frame, flow = Frame(body, x, x), x
        for statement in body.statements:
            self.shared.evaluator.steps += 1
            scope.flow(flow, self.shared.nothing)
            try:
                record, flow = self._RUN[type(statement)](self, statement, flow, scope, context)
            except Failure as failure:
                context.report(self.shared.found, failure.diagnostic)
                forget(statement, scope)
                record, flow = Noted(statement), UNSHAPED
            frame.records.append(record)
            if isinstance(record, Returned):
                results = [result for run in record.runs for result in run.results or (run.out,)]
                if len(results) > 1 or isinstance(results[0], Pack):
                    frame.results = tuple(results)
        frame.out = flow
        return frame, flow

    # --- chains -----------------------------------------------------------------------

    def run(self, statement: ast.Run, x: Tensor, scope: Scope, context: Context) -> Done:
        if mistake := labelled(statement, self.shared.program):
            context.report(self.shared.found, mistake)
            first = statement.chain.elements[0]
            assert isinstance(first, ast.Apply), first
            self.names.hold(first.name, first.name_span, UNSHAPED, scope)
            return Noted(statement), UNSHAPED
        run = self.chains.run(statement.chain, x, scope, context, gives_any=statement.is_output)
        if statement.is_output:
            no_pack(statement, run)
        scope.flow(run.out, self.shared.nothing)
        self.shapes.check(statement.shape, run.out, scope, context)
        name = None
        if statement.name is not None and statement.name_span is not None:
            called, span = statement.name, statement.name_span
            if statement.is_output:
                self.names.check_output(called, span, context)
            endpoint = context.inside in ("model", "stage")
            name = self.names.name(called, span, run.out, scope, context, endpoint)
            if statement.is_output:
                self.shared.outputs.append(name)
            name_endpoints(name, run, scope)
        return Ran(statement, run, name), run.out

    def bind(self, statement: ast.Bind, x: Tensor, scope: Scope, context: Context) -> Done:
        if names_a_value(statement, scope, context, self.shared):
            return Noted(statement), x
        run = self.chains.run(statement.chain, x, scope, context, gives_any=True)
        if len(run.results) > 1:
            raise Failure(wrong_names(statement.name_span, 1, run))
        if not run.results:
            self.shapes.check(statement.shape, run.out, scope, context)
        elif statement.shape is not None:
            raise Failure(pack_has_no_shape(statement.shape.span, statement.name, run))
        (result,) = run.results or (run.out,)
        self.names.hold(statement.name, statement.name_span, result, scope)
        name_endpoints(statement.name, run, scope)
        scope.flow(x, self.shared.nothing)
        return Ran(statement, run, None), x

    def pack(self, statement: ast.Pack, x: Tensor, scope: Scope, context: Context) -> Done:
        if names_a_value(statement, scope, context, self.shared):
            return Noted(statement), x
        inner = context.nested(statement.span, flat=False)
        items = self.chains.items.run(statement.items, x, scope, inner)
        pack = pack_of(items)
        self.names.hold(statement.name, statement.name_span, pack, scope)
        return Packed(statement, x, items, pack), x

    def unpack(self, statement: ast.Unpack, x: Tensor, scope: Scope, context: Context) -> Done:
        names, spans = statement.names, statement.name_spans
        run = self.chains.run(statement.chain, x, scope, context, gives_any=True)
        if any(isinstance(element, Failed) for element in run.elements):
            raise Failure
        if len(run.results) != len(names):
            raise Failure(wrong_names(spans[0].to(spans[-1]), len(names), run))
        for name, span, result in zip(names, spans, run.results, strict=True):
            if name == "_":
                continue
            if name in names[: spans.index(span)]:
                raise Failure(errors.defined_twice(span, name, spans[names.index(name)], "a name"))
            self.names.hold(name, span, result, scope)
        scope.flow(x, self.shared.nothing)
        return Unpacked(statement, run), x

    def results(self, statement: ast.Results, x: Tensor, scope: Scope, context: Context) -> Done:
        at_end(statement, context)
        runs = []
        for chain in statement.chains:
            scope.flow(x, self.shared.nothing)
            run = self.chains.run(chain, x, scope, context, gives_any=True)
            if len(run.results) > 1:
                message = "each of the results of a block is one tensor or one pack"
                raise Failure(errors.several_results(chain.span, message))
            runs.append(run)
        single = len(runs) == 1 and not runs[0].results
        return Returned(statement, runs), runs[0].out if single else x

    def share(self, statement: ast.Shared, x: Tensor, scope: Scope, context: Context) -> Done:
        declaration = declare(statement, scope, self.shared.program)
        scope.shared[statement.name] = declaration
        self.shared.declared.append(declaration)
        return declaration.record, x

    # --- values -----------------------------------------------------------------------

    def let(self, statement: ast.Let, x: Tensor, scope: Scope, context: Context) -> Done:
        classes = is_classes(statement.value, scope)
        try:
            value = self.shared.evaluator.evaluate(statement.value, scope)
            check_is_value(statement, value)
        except Failure as failure:
            context.report(self.shared.found, failure.diagnostic)
            scope.bind(statement.name, UNKNOWN, classes=classes)
            return Noted(statement), x
        scope.bind(statement.name, value, classes=classes)
        return Named(statement, value), x

    def input(self, statement: ast.Input, x: Tensor, scope: Scope, context: Context) -> Done:
        raise Failure(errors.misplaced(statement.span, "input", "here: it opens a model's body"))

    # --- stages and heads -------------------------------------------------------------

    def stage(self, statement: ast.Stage, x: Tensor, scope: Scope, context: Context) -> Done:
        in_model(statement, "stage", context)
        self.shared.count_node(statement.name_span)
        name = statement.name
        if context.in_loop:
            name += str(self.shared.numbered[name] + 1)
        inner = context.nested(statement.span, inside="stage", stage=name)
        frame, out = self.body(statement.body, x, scope, inner)
        scope.flow(out, self.shared.nothing)
        self.shapes.check(statement.shape, out, scope, context)
        name = self.names.name(statement.name, statement.name_span, out, scope, context, True)
        return Staged(statement, name, x, out, frame), out

    def aux(self, statement: ast.Aux, x: Tensor, scope: Scope, context: Context) -> Done:
        in_model(statement, "aux", context)
        self.shared.count_node(statement.name_span)
        weight = weight_of(statement, lambda value: self.shared.evaluator.evaluate(value, scope))
        inner = context.nested(statement.span, inside="aux", stage=statement.name, flat=True)
        scope_of_head = Scope(scope)
        frame, out = self.body(statement.body, x, scope_of_head, inner)
        name = self.names.name(statement.name, statement.name_span, out, scope, context, True)
        self.shared.heads[name] = out
        scope.flow(x, self.shared.nothing)
        return Auxiliary(statement, name, weight, x, out, frame), x

    # --- control ----------------------------------------------------------------------

    def loop(self, statement: ast.For, x: Tensor, scope: Scope, context: Context) -> Done:
        items = self.shared.evaluator.evaluate(statement.items, scope)
        if not isinstance(items, list):
            raise Failure(not_a_list(statement.items, items))
        inner = context.nested(statement.span, in_loop=True)
        frames, flow = [], x
        for item in items:
            self.shared.evaluator.spend(2, statement.span)
            held = unpacked(statement.targets, statement.items, item)
            for name, value in zip(statement.targets, held, strict=True):
                scope.bind(name, value)
            frame, flow = self.body(statement.body, flow, scope, inner)
            frames.append(frame)
        return Looped(statement, items, frames), flow

    def branch(self, statement: ast.If, x: Tensor, scope: Scope, context: Context) -> Done:
        inner = context.nested(statement.span)
        for taken, (condition, body) in enumerate(statement.branches):
            if self.shared.head is not None:
                self.shared.head.decide(condition, scope)
            if self.shared.evaluator.condition(condition, scope):
                frame, out = self.body(body, x, scope, inner)
                return Chosen(statement, taken, frame), out
        if statement.other is None:
            return Chosen(statement, None, None), x
        frame, out = self.body(statement.other, x, scope, inner)
        return Chosen(statement, len(statement.branches), frame), out

    # --- what a spec asserts ----------------------------------------------------------

    def expect(self, statement: ast.Expect, x: Tensor, scope: Scope, context: Context) -> Done:
        in_model(statement, "expect", context)
        value = self.shared.evaluator.evaluate(statement.value, scope)
        self.shared.expectations.append((statement, value))
        return Noted(statement), x

    def train(self, statement: ast.Train, x: Tensor, scope: Scope, context: Context) -> Done:
        once_in_model(statement, "train", context)
        if self.shared.recipe is not None:
            raise Failure(errors.bad_setting(statement.span, "this model already has a recipe"))
        self.shared.recipe = statement
        return Noted(statement), x

    def preprocess(
        self, statement: ast.Preprocess, x: Tensor, scope: Scope, context: Context
    ) -> Done:
        once_in_model(statement, "preprocess", context)
        if self.shared.preprocess is not None:
            message = "this model already says how images are prepared"
            raise Failure(errors.bad_preprocessing(statement.span, message))
        self.shared.preprocess = statement
        return Noted(statement), x

    # Each takes the kind of statement that is its key.
    _RUN: ClassVar[dict[type[ast.Statement], Callable[..., Done]]] = {
        ast.Run: run,
        ast.Bind: bind,
        ast.Pack: pack,
        ast.Unpack: unpack,
        ast.Results: results,
        ast.Shared: share,
        ast.Let: let,
        ast.Input: input,
        ast.Stage: stage,
        ast.For: loop,
        ast.If: branch,
        ast.Aux: aux,
        ast.Expect: expect,
        ast.Train: train,
        ast.Preprocess: preprocess,
    }
