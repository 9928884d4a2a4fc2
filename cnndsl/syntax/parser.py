"""Source text to AST: scan -> layout -> machine, which builds from the bottom up."""

from __future__ import annotations

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.depth import check_depth
from cnndsl.syntax.docs import file_doc
from cnndsl.syntax.layout import MAX_NESTING, Nesting, layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.scan import FINAL, Allowance, Mistake, scan


def parse(
    source: Source, allowance: Allowance | None = None
) -> tuple[ast.Spec | None, list[Diagnostic]]:
    """The spec that a text holds, or the syntax errors in it.

    The texts of one program share an `allowance` of words.
    """
    try:
        return _spec(source, allowance), []
    except Mistake as mistake:
        if mistake.diagnostic.code in FINAL:
            return None, [mistake.diagnostic]
        return None, _all_mistakes(source, mistake)
    except Unexpected as unexpected:
        return None, _all_mistakes(source, unexpected)


def parse_right(source: Source) -> ast.Spec | None:
    """The spec that a text holds; None for one with mistakes, which nobody asks for."""
    try:
        return _spec(source, None)
    except (Mistake, Unexpected):
        return None


def _spec(source: Source, allowance: Allowance | None) -> ast.Spec:
    nesting = Nesting()
    definitions = run(layout(scan(source, allowance), nesting))
    if nesting.most > MAX_NESTING:
        check_depth(definitions)
    return ast.Spec(source, file_doc(source), definitions)


def _all_mistakes(source: Source, first: Mistake | Unexpected) -> list[Diagnostic]:
    from cnndsl.syntax.recovery import all_mistakes  # only mistakes pay for it

    return all_mistakes(source, first)
