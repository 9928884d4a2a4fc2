"""Values that are named as tensors are, without `let`, in lines that parse."""

from __future__ import annotations

from collections.abc import Callable

from cnndsl import elsewhere
from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.context import Context, Shared
from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.program import Program
from cnndsl.elaborate.scope import UNKNOWN, Scope
from cnndsl.ir import LayerArgument
from cnndsl.ops import MERGES, OPS
from cnndsl.syntax import ast


def names_a_value(
    statement: ast.Bind | ast.Pack, scope: Scope, context: Context, shared: Shared
) -> bool:
    """Whether what is named is a value; a mistake, behind which the name is unknown."""

    def is_value(name: str) -> bool:
        found, value = scope.value(name)
        is_layer = value is None or isinstance(value, LayerArgument)
        return found and not is_layer and scope.result(name) is None

    mistake = value_meant(statement, shared.program, is_value)
    if mistake is not None:
        context.report(shared.found, mistake)
        scope.bind(statement.name, UNKNOWN)
    return mistake is not None


def value_meant(
    statement: ast.Bind | ast.Pack, program: Program, is_value: Callable[[str], bool]
) -> Diagnostic | None:
    """`hidden = n * 4` and `widths = [n, 2 * n]`: values that are named as tensors are."""
    first = (
        statement.chain if isinstance(statement, ast.Bind) else next(iter(statement.items), None)
    )
    if not isinstance(first, ast.Chain) or len(first.elements) > 1:
        return None
    element = next(iter(first.elements))
    while isinstance(element, ast.Repeat):
        element = element.element
    if not isinstance(element, ast.Apply):
        return None
    name, calls = element.name, element.args is not None
    if name in OPS or name in MERGES or name in program.blocks or program.op(name):
        return None
    is_one = (name in FUNCTIONS or name in program.fns) if calls else is_value(name)
    if not is_one and (calls or name not in elsewhere.ARRIVES):
        return None
    from cnndsl.syntax.lets import unsaid  # only mistakes ask for it

    return unsaid(statement.name_span)
