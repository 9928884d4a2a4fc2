"""The shapes that a spec states: of images, and behind `:`."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Label
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.explain import shape_text
from cnndsl.elaborate.extents import extents
from cnndsl.elaborate.reshaping import reshaped
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Tensor
from cnndsl.syntax import ast


class Shapes:
    """Evaluates shapes, and holds tensors to them."""

    def __init__(self, shared: Shared):
        self.shared = shared

    def check(self, expr: ast.Expr | None, tensor: Tensor, scope: Scope, context: Context) -> None:
        """Reports a shape that is not the asserted one; the flow goes on with the real one."""
        head = self.shared.head
        if expr is None or tensor.known is None or tensor.doubtful:
            return
        if self.shared.image is not None:  # it holds for the spec's own image
            return
        if head is not None and head.is_mentioned(expr, scope):  # it was left out
            return
        try:
            said = self.evaluate(expr, scope)
        except Failure as failure:
            context.report(self.shared.found, failure.diagnostic)
            return
        if said != tensor.shape:
            seen = shape_text(tensor.shape)
            origin = tensor.origin
            label = Label(origin.element.span, f"this gives {seen}") if origin else None
            alone = context.place is None and not context.in_loop  # else true of one use alone
            fix = reshaped(tensor, said, expr.span) if alone else None
            error = errors.wrong_shape(expr.span, shape_text(said), seen, label, fix)
            context.report(self.shared.found, error)

    def evaluate(self, expr: ast.Expr, scope: Scope) -> tuple[int, ...]:
        return extents(expr, self.shared.evaluator.evaluate(expr, scope))
