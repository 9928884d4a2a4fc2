"""Chains to layers and instances, with the shape of every tensor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import ClassVar, Literal

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match_parameters
from cnndsl.elaborate.calls import merged, unknown_element
from cnndsl.elaborate.collect import Failure, Place
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.evaluate import no_endpoint
from cnndsl.elaborate.explain import how_small, shape_text
from cnndsl.elaborate.geometry import locate, locate_merge
from cnndsl.elaborate.head import CLASSES, Head, can_classify, counted, is_classes
from cnndsl.elaborate.inside import Inside, fresh
from cnndsl.elaborate.layers import check_held
from cnndsl.elaborate.making import Maker
from cnndsl.elaborate.nested import check_one_input
from cnndsl.elaborate.packs import SPLIT, ItemLists, divided, one_tensor, picked
from cnndsl.elaborate.recursion import Calls
from cnndsl.elaborate.repair import UNSHAPED, likely, projection, same_padding
from cnndsl.elaborate.reuse import again, key_of
from cnndsl.elaborate.scope import Scope
from cnndsl.elaborate.sharing import Declaration
from cnndsl.ir import (
    Branch,
    Chained,
    Element,
    Failed,
    Frame,
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
    Value,
    branches,
)
from cnndsl.ops import MERGES, OPS
from cnndsl.ops.base import Op, Reject
from cnndsl.source import Span
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

Bodies = Callable[[ast.Body, Tensor, Scope, Context], tuple[Frame, Tensor]]


_UNEQUAL = {
    "add": errors.cannot_add,
    "concat": errors.cannot_concat,
    "matmul": errors.cannot_matmul,
}


class Chains:
    """Runs chains; `bodies` elaborates the statements of blocks and groups."""

    def __init__(self, shared: Shared, bodies: Bodies):
        self.shared = shared
        self.bodies = bodies
        self.is_behind = False  # whether something stands before an element in its chain
        self.maker = Maker(shared.evaluator, shared.budget.known)
        self.calls = Calls(shared.program.blocks)
        self.items = ItemLists(shared, self.run)

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
        for element in chain.elements:
            record: Element
            self.is_behind = bool(elements)
            try:
                record = self.element(element, flow, scope, context)
                is_last = element is chain.elements[-1]
                if not (gives_any and is_last):
                    one_tensor(record, _behind(chain, element))
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
        if x is self.shared.nothing and isinstance(element, ast.Apply):
            self.check_begins(element, scope)
        return self._RUN[type(element)](self, element, x, scope, context)

    def check_begins(self, element: ast.Apply, scope: Scope) -> None:
        """Where inputs have names, nothing flows before a chain has started from one."""
        if scope.result(element.name) in (None, self.shared.nothing):
            *_, model = scope.around()
            inputs = [name for name in model.tensors if name != "here"]
            raise Failure(errors.nothing_flows(element.name_span, inputs))

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
        block = self.shared.program.blocks.get(name)
        if block is None:
            block = self.shared.program.nested_block(name)
        if block is not None:
            return self.instance(element, block, x, scope, context)
        if name in OPS:
            return self.layer(element, OPS[name], x, scope, context)
        if layer is None:
            return Passed(element, None, x, x, None)
        if name == SPLIT and not scope.value(name)[0]:
            return divided(element, x, self.shared, scope, self.applied)
        raise Failure(self.unknown(element, scope))

    def held(self, element: ast.Apply, scope: Scope) -> LayerArgument | Literal[False] | None:
        """The layer that a name holds, None for the identity; False for a name that holds none.

        `none` stands for a layer behind `->`, and where the parameter's default is a layer: at the
        head of a chain it may be meant as a tensor.
        """
        name = element.name
        found, value = scope.value(name)
        what = self.shared.program.what(name)
        if found and value is None and what is None:
            return None if self.is_behind or scope.is_layer(name) else False
        if not isinstance(value, LayerArgument):
            return False
        if what is not None:
            raise Failure(errors.name_taken(element.name_span, name, what, "a layer"))
        if element.args is not None:
            message = f"`{name}` holds a layer, which has its arguments already"
            raise Failure(errors.unknown_argument(element.span, message, "", f"write {name}"))
        return value

    def passed(
        self, element: ast.Apply, layer: LayerArgument, x: Tensor, context: Context
    ) -> Passed:
        """Runs a layer that came as an argument."""
        run: Layer | Instance
        if isinstance(layer.what, Op):
            run = self.applied(element, layer.what, {}, x)
        else:
            inner = Scope()
            inner.values.update(layer.args)
            run = self.block(element, layer.what, inner, x, context)
            one_tensor(run, element.span)
        return Passed(element, layer, x, run.out, run)

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
            help = f"give it branches: {name} [ …, … ]"
            return errors.not_runnable(element.name_span, name, "a merge", help, merged(element))
        if what := program.what(name):
            return errors.not_runnable(element.name_span, name, what, None)
        if found:
            what = f"a value ({values.kind(value)})"
            return errors.not_runnable(element.name_span, name, what, None)
        if scope.is_incomplete() or not program.complete:
            return None
        tensors = (n for s in scope.around() for n in s.tensors)
        later = program.named_below(name, element.span)
        return unknown_element(
            element, itertools.chain(OPS, program.blocks, tensors, ("here",)), later
        )

    # --- ops --------------------------------------------------------------------------

    def layer(
        self, element: ast.Apply, kind: type[Op], x: Tensor, scope: Scope, context: Context
    ) -> Layer | Reference:
        given, bound = self.maker.arguments(element, kind, scope)
        count = counted(kind.name, given, scope)
        if count is None:
            return self.applied(element, self.maker.op(element, kind, given, bound), given, x)
        try:
            op, mistake = self.maker.op(element, kind, given, bound), None
        except Failure as failure:
            if self.shared.head is None:
                raise
            op, mistake = self.maker.op(element, kind, given, {**bound, count: 1}), failure
        if mistake is not None and not can_classify(op):
            raise mistake
        layer = self.applied(element, op, given, x)
        layer.classifies = can_classify(op)
        if mistake is None or layer.out.known is None or self.shared.head is None:
            return layer
        return self.shared.head.pass_on(layer, mistake.diagnostic, context.place)

    def applied(
        self, element: ast.Apply, op: Op, given: dict[str, ast.Argument], x: Tensor
    ) -> Layer:
        """The layer with its shape."""
        if x.known is None:
            return Layer(element, op, x, UNSHAPED)
        try:
            out = Tensor(op.output(x.shape), doubtful=x.doubtful)
        except Reject as reject:
            if x.doubtful:
                raise Failure from None
            focus = given.get(reject.focus or "")
            span = focus.value.span if focus else element.name_span
            vector = len(x.shape) == 1
            at = shape_text(x.shape) + (" features arrive here" if vector else " arrives here")
            notes = how_small(x)
            help = reject.help
            raise Failure(errors.does_not_fit(span, reject.message, at, notes, help)) from None
        self.check_size(out, element.name_span)
        if not self.shared.budget.known.is_shared:
            locate(op, x, out)
        layer = Layer(element, op, x, out)
        out.origin = layer
        return layer

    def check_size(self, out: Tensor, span: Span) -> None:
        """Reports a tensor of too many elements, unless its shape is a guess."""
        if math.prod(out.shape) >= values.MAX_INT:
            wrong = errors.too_large_tensor(span, shape_text(out.shape))
            raise Failure(None if out.doubtful else wrong)

    # --- blocks -----------------------------------------------------------------------

    def instance(
        self, element: ast.Apply, block: ast.Block, x: Tensor, scope: Scope, context: Context
    ) -> Instance:
        self.shared.evaluator.spend(len(block.parameters), element.span)
        known = self.shared.budget.known
        given = known.given.get(id(element))
        if given is None:
            given = match_parameters(block, element.args or (), element.span)
            known.given[id(element)] = given
        bound = {n: self.shared.evaluator.evaluate(a.value, scope) for n, a in given.items()}
        inner = self.shared.evaluator.parameters(block, bound)
        inner.classes = frozenset(n for n, a in given.items() if is_classes(a.value, scope))
        instance = self.block(element, block, inner, x, context)
        instance.picks = self.picks(given, scope)
        return instance

    def block(
        self, element: ast.Apply, block: ast.Block, inner: Scope, x: Tensor, context: Context
    ) -> Instance:
        """A use of a block, with its parameters in a scope."""
        known = self.shared.budget.known
        args = inner.known()
        check_held(self.shared.program, block, args.values(), element.span)
        ordered = {p.name: args[p.name] for p in block.parameters}
        may_recur = x.known is not None and self.shared.head is None and not inner.classes
        may_recur = may_recur and not self.shared.is_sharing and not gives_several(block)
        key = key_of(block, ordered, x) if may_recur else None
        first = known.uses.get(key)
        if first is not None and known.is_shared:
            return again(first, element, ordered, x)
        inner.tensors["in"] = x
        if block.name in self.shared.program.models:
            return self.model(element, block, ordered, inner, x, context)
        inner.layers = self.shared.program.layers(block)
        context = context.nested(
            element.span,
            inside="block",
            flat=True,
            in_loop=False,
            place=context.place or self.place(element, args, context),
        )
        context.last = block.body.statements[-1] if block.body.statements else None
        level = 0
        if self.calls.is_recursive(block.name):
            whole = key_of(block, ordered, x) if x.known is not None else None
            self.calls.enter(block.name, ordered, whole, element.span)
            try:
                frame, out = self.bodies(block.body, x, inner, context)
            finally:
                level = self.calls.leave()
        else:
            frame, out = self.bodies(block.body, x, inner, context)
        instance = Instance(element, block, ordered, x, out, frame, like=first, level=level)
        instance.results = frame.results
        if first is None and key is not None and not self.shared.found:
            known.uses[key] = instance
        return instance

    def picks(self, given: dict[str, ast.Argument], scope: Scope) -> dict[str, int]:
        """The numbers of the tensors of packs that are handed over as `xs[i]`."""
        found: dict[str, int] = {}
        for name, argument in given.items():
            place = argument.value
            if not isinstance(place, ast.Index) or not isinstance(place.base, ast.Name):
                continue
            if scope.pack(place.base.id) is not None and not isinstance(place.index, ast.Range):
                index = self.shared.evaluator.evaluate(place.index, scope)
                assert values.is_int(index)
                found[name] = index
        return found

    def model(
        self,
        element: ast.Apply,
        block: ast.Block,
        args: dict[str, Value],
        inner: Scope,
        x: Tensor,
        context: Context,
    ) -> Instance:
        """A model as an element; its endpoints are its own."""
        shared, program = self.shared, self.shared.program
        check_one_input(program.root(program.models[element.name]), element)
        classes = args.get(CLASSES)
        is_headless = values.is_int(classes) and classes == 0 and not inner.classes
        context = context.nested(
            element.span,
            inside="model",
            flat=True,
            in_loop=False,
            place=context.place or self.place(element, args, context),
        )
        if is_headless:
            inner.classes = frozenset({CLASSES})
            headless = program.nested_block(element.name, True)
            assert headless is not None
            block = headless
        declared = len(shared.declared)
        own = Inside(shared, Head() if is_headless else shared.head)
        with own:
            frame, out = self.bodies(block.body, x, fresh(inner), context)
        head = own.head if is_headless else None
        if head is not None and head.settle_at(
            [out], element.name_span, element.name, shared.found
        ):
            del shared.declared[declared:]
            own = Inside(shared, Head(found=True))
            with own:
                frame, out = self.bodies(block.body, x, fresh(inner), context)
        endpoints = {**own.endpoints, "logits": out}
        return Instance(element, block, args, x, out, frame, endpoints=endpoints)

    def place(self, element: ast.Apply, args: dict[str, Value], context: Context) -> Place:
        """The instance as notes name it: `layer1[0]`, counted along its stage."""
        stage = context.stage or element.name
        index = self.shared.instances[stage]
        self.shared.instances[stage] += 1
        shown = {n: value for n, value in args.items() if not isinstance(value, Tensor | Pack)}
        return Place(f"{stage}[{index}]", element.span, shown)

    # --- merges and repetitions -------------------------------------------------------

    def merge(self, element: ast.Merge, x: Tensor, scope: Scope, context: Context) -> Merged:
        join = MERGES.get(element.name)
        if join is None:
            what = self.shared.program.what(element.name)
            help = did_you_mean(element.name, MERGES)
            if what:
                help = help or f"the merges are {', '.join(MERGES)}"
                raise Failure(errors.takes_no_branches(element.name_span, element.name, what, help))
            raise Failure(errors.unknown_element(element.name_span, element.name, help))
        if not element.items:
            raise Failure(errors.no_branches(element.name_span, element.name))
        inner = context.nested(element.span, flat=False)
        items = self.items.run(element.items, x, scope, inner)
        held = branches(items)
        if not held:
            raise Failure(errors.no_branches(element.name_span, element.name))
        if any(branch.out.known is None for branch in held):
            return Merged(element, x, UNSHAPED, items, held)
        doubtful = any(branch.out.doubtful for branch in held)
        try:
            shapes = tuple(branch.out.shape for branch in held)
            out = Tensor(join.output(shapes), doubtful=doubtful)
        except Reject as reject:
            mistake = self.unequal(element, held, reject, context)
            self.shared.found.add(mistake, context.place, only_again=doubtful)
            return Merged(element, x, likely(element.name, held), items, held)
        self.check_size(out, element.name_span)
        if not self.shared.budget.known.is_shared:
            locate_merge(join, [branch.out for branch in held], out)
        record = Merged(element, x, out, items, held)
        out.origin = record
        return record

    def unequal(
        self, element: ast.Merge, held: list[Branch], reject: Reject, context: Context
    ) -> Diagnostic:
        labels = tuple([Label(b.span, shape_text(b.out.shape)) for b in _told(held)])
        help = reject.help
        chains = [branch for branch in held if isinstance(branch, Chained)]
        if any(not isinstance(item, ast.Chain) for item in element.items):
            pass
        elif element.name == "add" and context.place is not None:  # right in all its instances
            help = projection(chains)
        elif element.name == "concat":
            help = same_padding(chains)
        constructor = _UNEQUAL.get(element.name, errors.cannot_combine)
        return constructor(element.name_span, reject.message, labels, help)

    def repeat(self, element: ast.Repeat, x: Tensor, scope: Scope, context: Context) -> Repeated:
        count = self.shared.evaluator.evaluate(element.count, scope)
        if not values.is_int(count) or count < 0:
            seen = str(count) if values.is_number(count) else values.kind(count)
            raise Failure(errors.bad_count(element.count.span, seen))
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
        ast.Pick: pick,
        ast.Group: group,
        ast.Merge: merge,
        ast.Repeat: repeat,
    }


def gives_several(block: ast.Block) -> bool:
    """Whether a block ends in `return`."""
    last = block.body.statements[-1:]
    return bool(last) and isinstance(last[0], ast.Results)


def _behind(chain: ast.Chain, element: ast.Element) -> Span:
    """The place where an element's result is wanted: that of the element behind it, or its own."""
    place = chain.elements.index(element)
    following = chain.elements[place + 1 :]
    is_named = isinstance(element, ast.Apply) and element.args is None
    return following[0].span if following and not is_named else element.span


def _told(held: list[Branch]) -> list[Branch]:
    """One branch for each place and shape: a `for` or a pack may hold many alike."""
    return list({(b.span.start, b.out.shape): b for b in reversed(held)}.values())[::-1]
