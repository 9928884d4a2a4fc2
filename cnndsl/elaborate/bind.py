"""Which argument goes to which parameter."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cnndsl import errors
from cnndsl.elaborate.calls import lacking, surplus, unknown
from cnndsl.elaborate.collect import Failure
from cnndsl.source import Span
from cnndsl.syntax import ast

_SHOWN = 20  # parameters of a signature


def match(
    callee: str,
    names: Sequence[str],
    required: Sequence[str],
    args: Sequence[ast.Argument],
    span: Span,
    signature: Callable[[], str],
) -> dict[str, ast.Argument]:
    """The argument of every parameter that got one, in the order of the parameters.

    Raises:
      Failure: for a missing, unknown, surplus or repeated argument.
    """
    given: dict[str, ast.Argument] = {}
    known = frozenset(names) if len(args) > 10 else names  # a call may have 100,000 arguments
    for position, argument in enumerate(args):
        name = argument.name
        if name is None:
            if position >= len(names):
                raise Failure(surplus(callee, names, args, position, span, signature))
            name = names[position]
        elif name not in known:
            raise Failure(unknown(callee, names, args, position, span, signature, required))
        if name in given:
            raise Failure(errors.argument_twice(argument.span, callee, name, given[name].span))
        given[name] = argument
    if missing := [name for name in required if name not in given]:
        help = lacking(callee, args, missing, span)
        raise Failure(errors.missing_argument(span, callee, missing, signature(), help))
    return {name: given[name] for name in names if name in given}


def signature(definition: ast.Block | ast.Fn | ast.Model | ast.Op) -> str:
    """`bottleneck(width, stride = 1)`, as written; what is long in it is left out."""
    parts = [_written(parameter) for parameter in definition.parameters[:_SHOWN]]
    if len(definition.parameters) > _SHOWN:
        parts.append("…")
    return f"{definition.name}({', '.join(parts)})"


def _written(parameter: ast.Parameter) -> str:
    if parameter.default is None:
        return parameter.name
    span = parameter.default.span
    text = " ".join(span.text.split()) if span.end - span.start < 200 else "…"
    return f"{parameter.name} = {text}"


def match_parameters(
    definition: ast.Block | ast.Fn | ast.Model, args: Sequence[ast.Argument], span: Span
) -> dict[str, ast.Argument]:
    names = [p.name for p in definition.parameters]
    required = [p.name for p in definition.parameters if p.default is None]
    return match(definition.name, names, required, args, span, lambda: signature(definition))
