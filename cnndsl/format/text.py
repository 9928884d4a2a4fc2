"""The layout of a whole text, proven to say what it said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnndsl.diagnostics import Diagnostic
from cnndsl.format.pieces import words_of
from cnndsl.format.same import keeps, same
from cnndsl.format.tree import tree
from cnndsl.format.write import written
from cnndsl.garbage import uncollected
from cnndsl.source import Source
from cnndsl.stack import deep_stack
from cnndsl.syntax import ast
from cnndsl.syntax.parser import parse


class Misformatted(Exception):
    """The new text would not say what the old one says: a bug of ours."""


@dataclass(frozen=True)
class Formatted:
    """A spec in its one layout, or the diagnostics that stand in its way."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


def format_source(source: Source) -> Formatted:
    """The text of a spec in its one layout; it need not be right, but must parse.

    Raises:
      Misformatted: if the tree of the new text is not that of the old one.
    """
    with uncollected():
        spec, diagnostics = parse(source)
    if spec is None or diagnostics:
        return Formatted(None, tuple(diagnostics))
    return Formatted(format_spec(spec), ())


@uncollected()
def format_spec(spec: ast.Spec) -> str:
    """The same of a spec that was parsed already.

    Raises:
      Misformatted: as `format_source`.
    """
    words = words_of(spec.source)
    with deep_stack():
        text = written(tree(spec, words))
    if not keeps(spec, words, text):  # seldom, and then the trees tell
        again, _ = parse(replace(spec.source, text=text))
        if again is None or not same(spec, again):
            raise Misformatted(f"the layout of {spec.source.name} would change what it says")
    return text
