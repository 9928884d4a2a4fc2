"""Several tensors under one name: item lists, packs, and chains with several results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate import values
from cnndsl.elaborate.bind import match
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.faults import not_a_list, unpacked
from cnndsl.elaborate.repair import UNSHAPED
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import (
    Chained,
    Divided,
    Element,
    Instance,
    Item,
    Items,
    ItemsChosen,
    ItemsLooped,
    Layer,
    Pack,
    Reference,
    Spread,
    Tensor,
    Value,
    branches,
)
from cnndsl.ops.base import Op
from cnndsl.ops.shape import Channels
from cnndsl.source import Span
from cnndsl.syntax import ast

Runs = Callable[[ast.Chain, Tensor, Scope, Context], Chained]
Applied = Callable[[ast.Apply, Op, dict[str, ast.Argument], Tensor], Layer]

SPLIT = "split"  # the element that gives a pack of channel groups


class ItemLists:
    """Runs item lists; `run` is what runs a chain that gives one tensor."""

    def __init__(self, shared: Shared, run: Runs):
        self.shared = shared
        self.chain = run

    def run(
        self, items: Sequence[ast.Item], x: Tensor, scope: Scope, context: Context
    ) -> list[Item]:
        """A record for each item; every chain starts from what arrives."""
        records: list[Item] = []
        for item in items:
            scope.flow(x, self.shared.nothing)
            if not isinstance(item, ast.Chain):
                self.shared.count_node(item.span)
            records.append(self._RUN[type(item)](self, item, x, scope, context))
        scope.flow(x, self.shared.nothing)
        return records

    def one(self, chain: ast.Chain, x: Tensor, scope: Scope, context: Context) -> Chained:
        return self.chain(chain, x, scope, context)

    def spread(self, item: ast.Spread, x: Tensor, scope: Scope, context: Context) -> Spread:
        value = self.shared.evaluator.evaluate(item.value, scope)
        if value == [] and isinstance(value, list):
            value = Pack(())
        if not isinstance(value, Pack):
            text = errors.shown(item.value.span.text)
            help = f"a tensor stands for itself: {text}" if isinstance(value, Tensor) else None
            raise Failure(errors.not_a_pack(item.value.span, text, values.kind(value), help))
        self.shared.evaluator.spend(len(value.tensors), item.span)
        return Spread(item, value)

    def loop(self, item: ast.ItemLoop, x: Tensor, scope: Scope, context: Context) -> ItemsLooped:
        items = self.shared.evaluator.evaluate(item.values, scope)
        if not isinstance(items, list):
            raise Failure(not_a_list(item.values, items))
        inner = context.nested(item.span, in_loop=True)
        rounds = []
        for each in items:
            self.shared.evaluator.spend(2, item.span)
            held = unpacked(item.targets, item.values, each)
            within = Scope(scope)
            for name, value in zip(item.targets, held, strict=True):
                within.bind(name, value)
            rounds.append(Items(item.items, self.run(item.items, x, within, inner)))
        return ItemsLooped(item, items, rounds)

    def choice(
        self, item: ast.ItemChoice, x: Tensor, scope: Scope, context: Context
    ) -> ItemsChosen:
        inner = context.nested(item.span)
        for taken, (condition, items) in enumerate(item.branches):
            if self.shared.head is not None:
                self.shared.head.decide(condition, scope)
            if self.shared.evaluator.condition(condition, scope):
                return ItemsChosen(item, taken, Items(items, self.run(items, x, scope, inner)))
        if item.other is None:
            return ItemsChosen(item, None, None)
        held = Items(item.other, self.run(item.other, x, scope, inner))
        return ItemsChosen(item, len(item.branches), held)

    # Each takes the kind of item that is its key.
    _RUN: ClassVar[dict[type[ast.Item], Callable[..., Item]]] = {
        ast.Chain: one,
        ast.Spread: spread,
        ast.ItemLoop: loop,
        ast.ItemChoice: choice,
    }


def pack_of(items: Sequence[Item]) -> Pack:
    """The tensors of an item list."""
    return Pack(tuple([branch.out for branch in branches(items)]))


def picked(element: ast.Pick, shared: Shared, scope: Scope) -> Reference:
    """`xs[i]` at the head of a chain."""
    place = element.place
    base = shared.evaluator.evaluate(place.base, scope)
    if not isinstance(base, Pack):
        text = errors.shown(place.base.span.text)
        raise Failure(errors.not_a_pack(place.base.span, text, values.kind(base)))
    if isinstance(place.index, ast.Range):
        found = shared.evaluator.evaluate(place, scope)
        assert isinstance(found, Pack)
        return Reference(element, UNSHAPED, None, (found,))
    index = shared.evaluator.evaluate(place.index, scope)
    try:
        tensor = values.index(base, index)
    except values.Fault as fault:
        create = errors.no_such_item if fault.code == "E203" else errors.wrong_type
        raise Failure(create(place.index.span, fault.message, fault.help)) from None
    assert isinstance(tensor, Tensor) and values.is_int(index)
    return Reference(element, tensor, index)


def divided(
    element: ast.Apply, x: Tensor, shared: Shared, scope: Scope, applied: Applied
) -> Divided:
    """`split(n)`: a `channels` for each of n equal groups."""
    signature = "split(groups)"
    args, span = element.args or (), element.span
    given = match(SPLIT, ["groups"], ["groups"], args, span, lambda: signature)["groups"]
    groups = shared.evaluator.evaluate(given.value, scope)
    if not values.is_int(groups) or groups < 1:
        seen = str(groups) if values.is_number(groups) else values.kind(groups)
        message = f"`groups` is a positive integer, not {seen}"
        raise Failure(errors.bad_argument(given.value.span, message, signature, None))
    if x.known is None:
        raise Failure
    size, rest = divmod(x.shape[-1], groups)
    if rest or not size:
        message = f"{x.shape[-1]} channels are not {groups} equal groups"
        raise Failure(errors.bad_argument(given.value.span, message, signature, None))
    layers = []
    for number in range(groups):
        shared.count_node(span)
        op = Channels(number * size, (number + 1) * size)
        layers.append(applied(element, op, {}, x))
    pack = Pack(tuple([layer.out for layer in layers]))
    return Divided(element, x, layers, layers[-1].out, (pack,))


def one_tensor(record: Element, span: Span) -> None:
    """Refuses an element that gives a pack or several results, where one tensor is wanted."""
    if not isinstance(record, Instance | Reference | Divided) or not record.results:
        return
    element, results = record.element, record.results
    text = errors.shown(element.span.text)
    if len(results) > 1:
        message = (
            f"`{_callee(element)}` gives {len(results)} results, and one tensor is wanted here"
        )
        names = ", ".join("abcdefgh"[: len(results)]) if len(results) < 9 else "a, b, …"
        raise Failure(errors.several_results(span, message, f"name them first: {names} = {text}"))
    result = next(iter(results))
    assert isinstance(result, Pack)
    if isinstance(record, Reference) and isinstance(element, ast.Apply):
        raise Failure(errors.not_a_tensor(span, element.name, len(result.tensors)))
    help = "name it in a line of its own, xs = …, and go on from xs[0] or concat xs"
    raise Failure(errors.not_a_tensor(span, _callee(element), len(result.tensors), help))


def _callee(element: ast.Element) -> str:
    name = element.name if isinstance(element, ast.Apply | ast.Merge) else element.span.text
    return errors.shown(name)


def wrong_names(span: Span, names: int, run: Chained) -> Diagnostic:
    """Another number of names than of results."""
    last = run.chain.elements[-1]
    count = len(run.results)
    results = f"{count} results" if count > 1 else "one pack" if count else "one tensor"
    wanted = f"{names} names stand here" if names > 1 else "one name stands here"
    message = f"`{_callee(last)}` gives {results}, and {wanted}"
    help = "`_` is the name of a result that is dropped" if count > 1 else None
    if count == 1:  # a pack
        text = errors.shown(run.chain.span.text)
        help = f"a pack has one name, and its tensors are items: xs = {text}, and then xs[0], xs[1]"
    return errors.several_results(span, message, help)


def check_is_value(statement: ast.Let, value: Value) -> None:
    """Reports a tensor or a pack, of which `let` knows the names of tensors alone."""
    expr = statement.value
    if not isinstance(value, Tensor | Pack):
        return
    if isinstance(value, Tensor) and isinstance(expr, ast.Name) and "." not in expr.id:
        return
    message = f"`let` names a value, and this is {values.kind(value)}"
    text = f"{statement.name} = {expr.span.text}"
    is_chain = isinstance(expr, ast.Name | ast.Attribute | ast.Index) and len(text) <= 60
    help = f"without `let` it has a name: {text}" if is_chain else None
    raise Failure(errors.wrong_type(expr.span, message, help))


def no_pack(statement: ast.Run, run: Chained) -> None:
    """Refuses a pack as an output: each of its tensors is one, numbered by a loop."""
    last = run.elements[-1]
    if isinstance(last, Reference) and isinstance(last.element, ast.Apply) and last.results:
        name, output = errors.shown(last.element.name), errors.shown(statement.name or "")
        help = f"each of them is one: for i in 0 .. len({name}) {{ {name}[i] output {output} }}"
        count = sum(len(r.tensors) for r in last.results if isinstance(r, Pack))
        raise Failure(errors.not_a_tensor(last.element.name_span, name, count, help))
    one_tensor(last, last.element.span)


def pack_has_no_shape(span: Span, name: str, run: Chained) -> Diagnostic:
    """An asserted shape behind a chain that gives a pack."""
    pack = run.results[0]
    assert isinstance(pack, Pack)
    size = len(pack.tensors)
    return errors.not_a_tensor(span, name, size, f"assert the shape of one: {name}[0] : …")
