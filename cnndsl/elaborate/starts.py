"""Initialisers with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnndsl import errors
from cnndsl.elaborate.bind import match
from cnndsl.elaborate.collect import Failure
from cnndsl.ir import Value
from cnndsl.ops import initial
from cnndsl.ops.base import Reject
from cnndsl.syntax import ast


def initial_of(expr: ast.Call, evaluate: Callable[[ast.Expr], Value]) -> initial.Initial:
    """How a tensor starts, with the arguments of the call.

    Raises:
      Failure: if it takes no such argument, or none of such a value.
    """
    name = expr.func.id
    known, required = initial.parameters(name)
    signature = partial(initial.signature, name)
    first = expr.args[0].value if expr.args else None
    if isinstance(first, ast.List):
        message = f"`{name}` takes no shape here: only what `param` names starts so"
        help = f"`param NAME = {expr.span.text}` is learned; a `constant` is zeros or ones"
        raise Failure(errors.unknown_argument(first.span, message, signature(), help))
    given = match(name, known, required, expr.args, expr.span, signature)
    bound = {n: evaluate(argument.value) for n, argument in given.items()}
    try:
        return initial.initial(name, bound)
    except Reject as reject:
        span = given[reject.focus].value.span if reject.focus in given else expr.span
        raise Failure(errors.bad_argument(span, reject.message, signature(), None)) from None
