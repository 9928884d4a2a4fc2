"""Where statements may stand, and what is unknown behind one with a mistake."""

from __future__ import annotations

from collections.abc import Iterable

from cnndsl import errors
from cnndsl.diagnostics import Fix
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.context import Context
from cnndsl.elaborate.repair import UNSHAPED
from cnndsl.elaborate.scope import UNKNOWN, Scope
from cnndsl.source import Span
from cnndsl.syntax import ast


def in_model(statement: ast.Statement, what: str, context: Context) -> None:
    """Refuses a statement that stands anywhere but in a model's body, its loops and branches."""
    if context.inside == "model" and context.flat:
        return
    if context.inside in ("stage", "aux"):
        where = f"inside a {context.inside}: stages and aux heads do not nest"
        where = where.replace("a aux", "an aux")
    elif context.inside == "block":
        where = "in a block: it belongs to a model's body"
    else:
        where = "in a group or a repetition: write a `for`"
    span = statement.span
    if isinstance(statement, (ast.Stage, ast.Aux)):
        span = span.to(statement.name_span)
    fix = None
    if isinstance(statement, ast.Stage) and context.inside in ("block", "stage"):
        whole = statement.span  # braces group by themselves
        fix = Fix(Span(whole.source, whole.start, statement.body.span.start), "")
    raise Failure(errors.misplaced(span, what, where, fix))


def once_in_model(statement: ast.Statement, what: str, context: Context) -> None:
    """Refuses a statement that stands in a loop too."""
    if context.inside != "model" or not context.flat or context.in_loop:
        place = "here: it belongs to a model's body"
        raise Failure(errors.misplaced(statement.span, what, place))


def at_end(statement: ast.Results, context: Context) -> None:
    """Refuses a `return` that does not end a block."""
    if context.last is statement:
        return
    where = "here: it is the last statement of a block, outside of its loops and branches"
    span, chains = statement.span, statement.chains
    word = Span(span.source, span.start, chains[0].span.start)
    fix = Fix(word, "") if len(chains) == 1 else None
    raise Failure(errors.misplaced(span, "return", where, fix))


def forget(statement: ast.Statement, scope: Scope) -> None:
    """After a mistake: what the statement would have named is unknown, not missing."""
    match statement:
        case ast.Stage(body=body) | ast.For(body=body):
            scope.incomplete = True
            _forget_all([body], scope)
        case ast.If(branches=branches, other=other):
            scope.incomplete = True
            _forget_all([*(body for _, body in branches), *([other] if other else [])], scope)
        case ast.Let():
            scope.bind(statement.name, UNKNOWN)
        case ast.Run() | ast.Bind() | ast.Shared() if statement.name is not None:
            scope.tensors[statement.name] = UNSHAPED
        case ast.Pack():
            scope.incomplete = True
            scope.bind(statement.name, UNKNOWN)
        case ast.Unpack():
            scope.tensors.update(dict.fromkeys(statement.names, UNSHAPED))


def _forget_all(bodies: Iterable[ast.Body], scope: Scope) -> None:
    for body in bodies:
        for statement in body.statements:
            forget(statement, scope)
