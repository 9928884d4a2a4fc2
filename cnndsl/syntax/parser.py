"""Source text to AST: scan -> layout -> machine, which builds from the bottom up."""

from __future__ import annotations

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.depth import check_depth
from cnndsl.syntax.docs import file_doc
from cnndsl.syntax.layout import MAX_NESTING, Nesting, layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.scan import Allowance, Mistake, scan


def parse(
    source: Source, allowance: Allowance | None = None
) -> tuple[ast.Spec | None, list[Diagnostic]]:
    """The spec that a text holds, or the first syntax error in it.

    The texts of one program share an `allowance` of words.
    """
    nesting = Nesting()
    try:
        definitions = run(layout(scan(source, allowance), nesting))
        if nesting.most > MAX_NESTING:
            check_depth(definitions)
    except Mistake as mistake:
        return None, [mistake.diagnostic]
    except Unexpected as unexpected:
        from cnndsl.syntax.mistakes import explain  # only mistakes pay for it

        return None, [explain(unexpected.word, unexpected.accepted)]
    return ast.Spec(source, file_doc(source), definitions), []
