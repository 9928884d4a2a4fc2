"""Ops to layers: their arguments, and the shape that comes out."""

from __future__ import annotations

import math
import re

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.brought import in_use
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.explain import how_small, never_a_map, shape_text
from cnndsl.elaborate.geometry import locate
from cnndsl.elaborate.head import can_classify, counted, not_left_out
from cnndsl.elaborate.making import Maker, like
from cnndsl.elaborate.repair import UNSHAPED
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Layer, LayerArgument, Reference, Tensor
from cnndsl.ops.base import Op, Reject, rank_of
from cnndsl.ops.brought import Brought
from cnndsl.ops.ranks import KEEP_MAP, MAKE_MAP
from cnndsl.source import Span
from cnndsl.syntax import ast

_CHANNELS = re.compile(r"channel|group|vector")  # no matter of how small a map is


class Applying:
    """Applies ops to what arrives."""

    def __init__(self, shared: Shared):
        self.shared = shared
        self.maker = Maker(shared.evaluator, shared.budget.known)
        self.rank = 2  # of what arrived last

    def _rank(self, x: Tensor) -> int:
        """The axes of positions that arrive, none in a vector; those of before where a mistake made
        them unknown.
        """
        if x.known is None:
            return self.rank
        rank = rank_of(x.known)
        self.rank = rank or self.rank
        return rank

    def layer(
        self, element: ast.Apply, kind: type[Op], x: Tensor, scope: Scope, context: Context
    ) -> Layer | Reference:
        given, bound = self.maker.arguments(element, kind, scope)
        rank = self._rank(x)
        count = counted(kind.name, given, scope)
        if count is None:
            op = self.maker.op(element, kind, given, bound, rank)
            return self.applied(element, op, given, x, like(bound.values()))
        try:
            op, mistake = self.maker.op(element, kind, given, bound, rank), None
        except Failure as failure:
            if self.shared.head is None:
                raise
            op, mistake = self.maker.op(element, kind, given, {**bound, count: 1}, rank), failure
        if mistake is not None and not can_classify(op):
            raise Failure(not_left_out(mistake.diagnostic)) from None
        layer = self.applied(element, op, given, x)
        layer.counts_classes, layer.classifies = True, can_classify(op)
        if mistake is None or layer.out.known is None or self.shared.head is None:
            return layer
        return self.shared.head.pass_on(layer, mistake.diagnostic, context.place)

    def passed(self, element: ast.Apply, layer: LayerArgument, op: Op, x: Tensor) -> Layer:
        """A layer that is an argument, on what arrives."""
        op = self.maker.op(layer.element, type(op), layer.given, layer.args, self._rank(x))
        return self.applied(element, op, {}, x, like(layer.args.values()))

    def applied(
        self,
        element: ast.Apply,
        op: Op,
        given: dict[str, ast.Argument],
        x: Tensor,
        sized: Tensor | None = None,
    ) -> Layer:
        """The layer with its shape, which has the size of the tensor `sized`."""
        if x.known is None:
            return Layer(element, op, x, UNSHAPED)
        try:
            out = Tensor(op.output(x.shape), doubtful=x.doubtful)
        except Failure as failure:  # of what the author says of a class
            if x.doubtful:
                raise Failure from None
            raise in_use(failure, element, shape_text(x.shape)) from None
        except Reject as reject:
            if x.doubtful:
                raise Failure from None
            focus = given.get(reject.focus or "")
            span = focus.value.span if focus else element.name_span
            vector = len(x.shape) == 1
            at = shape_text(x.shape) + (" features arrive here" if vector else " arrives here")
            notes = () if _CHANNELS.search(reject.message) else how_small(x)
            help = MAKE_MAP if reject.help == KEEP_MAP and never_a_map(x) else reject.help
            raise Failure(errors.does_not_fit(span, reject.message, at, notes, help)) from None
        check_size(out, element.name_span)
        if isinstance(op, Brought):
            self.shared.brought[type(op)] = None
        if not self.shared.budget.known.is_shared:
            locate(op, x, out, sized)
        layer = Layer(element, op, x, out)
        out.origin = layer
        return layer


def check_size(out: Tensor, span: Span) -> None:
    """Reports a tensor of too many elements, unless its shape is a guess."""
    if math.prod(out.shape) >= values.MAX_INT:
        wrong = errors.too_large_tensor(span, shape_text(out.shape))
        raise Failure(None if out.doubtful else wrong)
