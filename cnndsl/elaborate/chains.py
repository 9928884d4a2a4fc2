"""Chains to layers and instances, with the shape of every tensor."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import ClassVar, Literal

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.elaborate import values
from cnndsl.elaborate.applying import Applying
from cnndsl.elaborate.blocks import Blocks, Bodies
from cnndsl.elaborate.calls import begun, merged
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.faults import no_endpoint
from cnndsl.elaborate.merges import Merges
from cnndsl.elaborate.packs import SPLIT, ItemLists, divided, one_tensor, picked
from cnndsl.elaborate.repair import UNSHAPED
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.sharing import Declaration
from cnndsl.elaborate.unknown_names import unknown_element
from cnndsl.fixes import corrected
from cnndsl.ir import (
    Chained,
    Element,
    Failed,
    Grouped,
    Instance,
    Layer,
    LayerArgument,
    Merged,
    Pack,
    Passed,
    Reference,
    Repeated,
    Result,
    Tensor,
    Used,
)
from cnndsl.ops import MERGES, OPS, SOURCES
from cnndsl.ops.base import Op
from cnndsl.source import Span
from cnndsl.syntax import ast


class Chains:
    """Runs chains; `bodies` elaborates the statements of blocks and groups."""

    def __init__(self, shared: Shared, bodies: Bodies):
        self.shared = shared
        self.bodies = bodies
        self.is_behind = False  # whether something stands before an element in its chain
        self.applying = Applying(shared)
        self.blocks = Blocks(shared, bodies)
        self.items = ItemLists(shared, self.run)
        self.merges = Merges(shared, self.items)

    def run(
        self,
        chain: ast.Chain,
        x: Tensor,
        scope: Scope,
        context: Context,
        *,
        gives_any: bool = False,
    ) -> Chained:
        """A chain; `gives_any`: its last element may give a pack, or several results."""
        flow = x
        elements: list[Element] = []
        for place, element in enumerate(chain.elements):
            record: Element
            self.is_behind = bool(elements)
            try:
                record = self.element(element, flow, scope, context)
                is_last = element is chain.elements[-1]
                if not (gives_any and is_last):
                    one_tensor(record, _behind(chain, place))
            except Failure as failure:
                context.report(self.shared.found, failure.diagnostic)
                record = Failed(element, UNSHAPED)
            elements.append(record)
            flow = record.out
        head = self.shared.head
        if head is not None and head.found:
            chain = head.without_it(chain, elements)
        return Chained(chain, x, flow, elements)

    def element(self, element: ast.Element, x: Tensor, scope: Scope, context: Context) -> Element:
        self.shared.count_node(element.span)
        scope.flow(x, self.shared.nothing)
        if x is self.shared.nothing and type(element) is ast.Apply:
            self.check_begins(element, scope)
        return self._RUN[type(element)](self, element, x, scope, context)

    def check_begins(self, element: ast.Apply, scope: Scope) -> None:
        """Where inputs have names, nothing flows before a chain has started from one."""
        if scope.result(element.name) in (None, self.shared.nothing):
            *_, model = scope.around()
            inputs = [name for name in model.tensors if name != "here"]
            fix = begun(element, inputs)
            raise Failure(errors.nothing_flows(element.name_span, inputs, fix))

    def apply(self, element: ast.Apply, x: Tensor, scope: Scope, context: Context) -> Element:
        name = element.name
        self.shared.evaluator.spend(scope.effort, element.span)
        held = scope.result(name)
        if held is not None:
            return self.reference(element, held)
        if "." in name:
            raise Failure(no_endpoint(element.name_span, name, scope))
        declaration = scope.declaration(name)
        if declaration is not None:
            return self.use(element, declaration, x, context)
        layer = self.held(element, scope)
        if isinstance(layer, LayerArgument):
            return self.passed(element, layer, x, context)
        try:
            run = self.defined(element, x, scope, context)
        except Failure:
            if name in self.shared.program.doubled:  # the other one may be meant
                raise Failure from None
            raise
        if run is not None:
            return run
        if layer is None:
            return Passed(element, None, x, x, None)
        if name == SPLIT and not scope.value(name)[0]:
            return divided(element, x, self.shared, scope, self.applying.applied)
        raise Failure(self.unknown(element, scope))

    def defined(
        self, element: ast.Apply, x: Tensor, scope: Scope, context: Context
    ) -> Element | None:
        """A block, a model or an op of that name."""
        program = self.shared.program
        block = program.blocks.get(element.name) or program.nested_block(element.name)
        if block is not None:
            return self.blocks.instance(element, block, x, scope, context)
        kind = program.op(element.name)
        return None if kind is None else self.applying.layer(element, kind, x, scope, context)

    def held(self, element: ast.Apply, scope: Scope) -> LayerArgument | Literal[False] | None:
        """The layer that a name holds, None for the identity; False for a name that holds none.

        `none` stands for a layer behind `->`, and where the name holds a layer in some use: at the
        head of a chain it may be meant as a tensor.
        """
        name = element.name
        found, value = scope.value(name)
        what = self.shared.program.what(name)
        if found and value is None and what is None:
            return None if self.is_behind or self.holds_layers(name, scope) else False
        if not isinstance(value, LayerArgument):
            return False
        if what is not None:
            raise Failure(errors.name_taken(element.name_span, name, what, "a layer"))
        if element.args is not None:
            message = f"`{name}` holds a layer, which has its arguments already"
            fix = Fix(element.span, name)
            raise Failure(errors.unknown_argument(element.span, message, "", f"write {name}", fix))
        return value

    def holds_layers(self, name: str, scope: Scope) -> bool:
        """Whether a name holds a layer by default, in a `let`, or in another use."""
        held = self.shared.program.layers
        return any(name in held.get(each.definition, ()) for each in scope.around())

    def passed(
        self, element: ast.Apply, layer: LayerArgument, x: Tensor, context: Context
    ) -> Passed:
        """Runs a layer that came as an argument."""
        run: Layer | Instance
        if isinstance(layer.what, Op):
            run = self.applying.passed(element, layer, layer.what, x)
        else:
            inner = Scope()
            inner.values.update(layer.args)
            run = self.blocks.block(element, layer.what, inner, x, context)
            one_tensor(run, element.span)
        return Passed(element, layer, x, run.out, run)

    def made(self, element: ast.Made, x: Tensor, scope: Scope, context: Context) -> Element:
        """A tensor that takes nothing but the number of images from what arrives."""
        if x is self.shared.nothing:
            *_, model = scope.around()
            x = next(held for held in model.tensors.values() if isinstance(held, Tensor))
        return self.applying.layer(element, SOURCES[element.name], x, scope, context)

    def group(self, element: ast.Group, x: Tensor, scope: Scope, context: Context) -> Grouped:
        inner = context.nested(element.span, flat=False)
        frame, out = self.bodies(element.body, x, Scope(scope), inner)
        return Grouped(element, x, out, frame)

    def pick(self, element: ast.Pick, x: Tensor, scope: Scope, context: Context) -> Reference:
        return picked(element, self.shared, scope)

    def reference(self, element: ast.Apply, held: Result) -> Reference:
        if element.args is not None:
            message = f"`{element.name}` is {values.kind(held)} and takes no arguments"
            raise Failure(errors.unknown_argument(element.span, message, "", None))
        self.shared.check_reads(element.name, held, element.span)
        if isinstance(held, Pack):
            return Reference(element, UNSHAPED, results=(held,))
        return Reference(element, held)

    def use(
        self, element: ast.Apply, declaration: Declaration, x: Tensor, context: Context
    ) -> Used:
        """Runs shared layers; uses of blocks in them are no uses that others could be like."""
        declaration.check(element)
        before, self.shared.is_sharing = self.shared.is_sharing, True
        inner = context.nested(element.span, flat=False)
        chain = declaration.record.statement.chain
        run = self.run(chain, x, Scope(declaration.scope), inner)
        self.shared.is_sharing = before
        return declaration.used(element, x, run)

    def unknown(self, element: ast.Apply, scope: Scope) -> Diagnostic | None:
        name, program = element.name, self.shared.program
        found, value = scope.value(name)
        help: str | None
        if found and value is None:
            return errors.no_tensor(element.name_span, name)
        if name in MERGES:
            fix = merged(element)
            help = f"give it branches: {(fix and corrected(fix)) or f'{name} [ …, … ]'}"
            return errors.not_runnable(element.name_span, name, "a merge", help, fix)
        if what := program.what(name):
            return errors.not_runnable(element.name_span, name, what, None)
        if found:
            what = f"a value ({values.kind(value)})"
            let = program.let_above(name, element.span) if isinstance(value, Tensor) else None
            fix = (
                Fix(Span(let.span.source, let.span.start, let.name_span.start), "") if let else None
            )
            help = f"a tensor is named without `let`: {corrected(fix)}" if fix else None
            return errors.not_runnable(element.name_span, name, what, help, fix)
        if scope.is_incomplete() or not program.complete:
            return None
        tensors = (n for s in scope.around() for n in s.tensors)
        later = program.named_below(name, element.span)
        return unknown_element(
            element,
            itertools.chain(OPS, program.ops, program.blocks, tensors, ("here", SPLIT)),
            later,
        )

    def merge(self, element: ast.Merge, x: Tensor, scope: Scope, context: Context) -> Merged:
        return self.merges.merge(element, x, scope, context)

    def repeat(self, element: ast.Repeat, x: Tensor, scope: Scope, context: Context) -> Repeated:
        count = self.shared.evaluator.evaluate(element.count, scope)
        if not values.is_int(count) or count < 0:
            seen = str(count) if values.is_number(count) else values.kind(count)
            factor = isinstance(count, float) and isinstance(element.count, ast.Literal)
            weighed = isinstance(count, Tensor)
            fix = _multiplied(element, is_tensor=weighed) if factor or weighed else None
            raise Failure(errors.bad_count(element.count.span, seen, fix))
        inner = context.nested(element.span, flat=False, in_loop=True)
        flow, items = x, []
        for _ in range(count):
            record = self.element(element.element, flow, scope, inner)
            one_tensor(record, element.element.span)
            items.append(record)
            flow = record.out
            if flow.known is None:
                break  # every further repetition would fail in the same way
        return Repeated(element, x, flow, items)

    # Each takes the kind of element that is its key.
    _RUN: ClassVar[dict[type[ast.Element], Callable[..., Element]]] = {
        ast.Apply: apply,
        ast.Made: made,
        ast.Pick: pick,
        ast.Group: group,
        ast.Merge: merge,
        ast.Repeat: repeat,
    }


def _behind(chain: ast.Chain, place: int) -> Span:
    """Where the result of the element at a place is wanted: at the one behind it, or by itself."""
    element = chain.elements[place]
    is_last = place + 1 == len(chain.elements)
    is_named = isinstance(element, ast.Apply) and element.args is None
    return element.span if is_last or is_named else chain.elements[place + 1].span


def _multiplied(repeat: ast.Repeat, *, is_tensor: bool) -> Fix:
    """`conv(64, 3) * 0.1` and `here * w`, which are no repetitions but products."""
    element, factor = repeat.element.span, repeat.count.span
    if is_tensor:
        return Fix(element.to(factor), f"mul [ {element.text}, {factor.text} ]")
    behind = Span(element.source, element.end, factor.end)
    return Fix(behind, f" -> scale({factor.text})")
