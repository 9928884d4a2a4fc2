"""Source text to AST: the tables of cnn.lark, fed with the words that the layout leaves."""

from __future__ import annotations

import json
from functools import cache

from lark import Lark, UnexpectedToken

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import ast, tables
from cnndsl.syntax.builder import Builder
from cnndsl.syntax.depth import check_depth
from cnndsl.syntax.docs import file_doc
from cnndsl.syntax.layout import layout
from cnndsl.syntax.scan import Mistake, scan


def parse(source: Source) -> tuple[ast.Spec | None, list[Diagnostic]]:
    """The spec that a text holds, or the first syntax error in it."""
    try:
        definitions = _definitions(source)
        check_depth(definitions)
    except Mistake as mistake:
        return None, [mistake.diagnostic]
    return ast.Spec(source, file_doc(source), definitions), []


def _definitions(source: Source) -> tuple[ast.Definition, ...]:
    session = _lark().parse_interactive()
    feed = session.feed_token
    result = ()
    try:
        for word in layout(scan(source)):
            result = feed(word)
    except UnexpectedToken as error:
        from cnndsl.syntax.mistakes import explain  # only mistakes pay for it

        raise Mistake(explain(error.token, session.accepts())) from None
    return result


@cache
def _lark() -> Lark:
    """The parser, from the shipped tables."""
    stored = json.loads(tables.PARSER)
    table = stored["data"]["parser"]["parser"]
    table["tokens"] = _numbered(table["tokens"])
    table["states"] = {
        state: _numbered(actions) for state, actions in _numbered(table["states"]).items()
    }
    memo = _numbered(stored["memo"])
    return Lark._load_from_dict(stored["data"], memo, transformer=Builder())


def _numbered(entries: dict[str, object]) -> dict[int, object]:
    """JSON has no keys that are numbers."""
    return {int(key): value for key, value in entries.items()}
