"""Merges: the branches of one, and what they make together."""

from __future__ import annotations

from dataclasses import replace

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Label
from cnndsl.elaborate.applying import check_size
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.explain import shape_text
from cnndsl.elaborate.geometry import locate_merge
from cnndsl.elaborate.packs import ItemLists
from cnndsl.elaborate.repair import UNSHAPED, expansion, likely, projection, same_padding
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Branch, Chained, Merged, Tensor, branches
from cnndsl.ops import MERGES
from cnndsl.ops.base import Reject
from cnndsl.suggest import did_you_mean
from cnndsl.syntax import ast

_UNEQUAL = {
    "add": errors.cannot_add,
    "concat": errors.cannot_concat,
    "matmul": errors.cannot_matmul,
}


class Merges:
    """Merges what branches give; `items` runs them."""

    def __init__(self, shared: Shared, items: ItemLists):
        self.shared = shared
        self.items = items

    def merge(self, element: ast.Merge, x: Tensor, scope: Scope, context: Context) -> Merged:
        join = MERGES.get(element.name)
        if join is None:
            what = self.shared.program.what(element.name)
            help = did_you_mean(element.name, MERGES)
            if what:
                help = help or f"the merges are {', '.join(MERGES)}"
                raise Failure(errors.takes_no_branches(element.name_span, element.name, what, help))
            if element.name == "return":
                help = "a block gives its tensors as they are, not in a list: return x, y"
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
            mistake = self.unequal(element, held, reject, context, scope)
            self.shared.found.add(mistake, context.place, only_again=doubtful)
            return Merged(element, x, likely(element.name, held), items, held)
        check_size(out, element.name_span)
        if not self.shared.budget.known.is_shared:
            locate_merge(join, [branch.out for branch in held], out)
        record = Merged(element, x, out, items, held)
        out.origin = record
        return record

    def unequal(
        self,
        element: ast.Merge,
        held: list[Branch],
        reject: Reject,
        context: Context,
        scope: Scope,
    ) -> Diagnostic:
        labels = tuple([Label(b.span, shape_text(b.out.shape)) for b in _told(held)])
        help, fix = reject.help, None
        chains = [branch for branch in held if isinstance(branch, Chained)]
        if any(not isinstance(item, ast.Chain) for item in element.items):
            pass
        elif element.name == "add" and context.inside in ("block", "model", "stage"):
            arriving = None
            if context.inside == "block":
                arriving = "in" if scope.tensor("in") is chains[0].x else "here"
            help, fix = projection(chains, arriving) or expansion(chains) or (None, None)
        elif element.name == "concat":
            help, fix = same_padding(chains) or (help, None)
        constructor = _UNEQUAL.get(element.name, errors.cannot_combine)
        mistake = constructor(element.name_span, reject.message, labels, help)
        return mistake if fix is None else replace(mistake, fix=fix)


def _told(held: list[Branch]) -> list[Branch]:
    """One branch for each place and shape: a `for` or a pack may hold many alike."""
    return list({(b.span.start, b.out.shape): b for b in reversed(held)}.values())[::-1]
