"""The shape of a tensor, from the value of an expression."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.elaborate import values
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.explain import shape_text
from cnndsl.elaborate.repair import floored
from cnndsl.ir import Value
from cnndsl.ops.base import MOST_AXES
from cnndsl.syntax import ast


def extents(expr: ast.Expr, value: Value) -> tuple[int, ...]:
    """The shape that an expression gave; raises `Failure` where that is none."""
    items = value if isinstance(value, list) else [value]
    sizes = tuple(item for item in items if values.is_int(item) and item > 0)
    is_shape = 1 <= len(items) <= MOST_AXES + 1
    if not is_shape or len(sizes) < len(items):
        if all(map(values.is_number, items)) and is_shape:
            fix = floored(expr)
            raise Failure(errors.bad_extent(expr.span, shape_text(items), fix))
        seen = f"a list of {len(items)}" if isinstance(value, list) else values.kind(value)
        raise Failure(errors.bad_shape(expr.span, seen))
    return sizes
