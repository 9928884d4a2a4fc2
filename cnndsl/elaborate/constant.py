"""A value written outside of a spec: `--set depths=[2, 2, 2, 2]`."""

from __future__ import annotations

from cnndsl.diagnostics import Diagnostic
from cnndsl.elaborate.collect import Failure
from cnndsl.elaborate.evaluate import Evaluator
from cnndsl.elaborate.scope import Scope
from cnndsl.ir import Value
from cnndsl.source import Source
from cnndsl.stack import deep_stack
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse


def constant(name: str, text: str) -> tuple[Value, list[Diagnostic]]:
    """The value of an expression of constants, as the language writes it."""
    spec, diagnostics = parse(Source(f"--set {name}", f"fn value() = {text}\n"))
    if spec is None or diagnostics:
        return None, diagnostics
    (definition, *more) = spec.definitions
    if more or not isinstance(definition, ast.Fn):
        return None, diagnostics
    try:
        with deep_stack():
            return Evaluator({}).evaluate(definition.value, Scope()), []
    except Failure as failure:
        return None, [failure.diagnostic] if failure.diagnostic else []
