"""The layout of a whole text, proven to say what it said."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cnndsl.diagnostics import Diagnostic
from cnndsl.format.same import same
from cnndsl.format.tree import tree
from cnndsl.format.write import written
from cnndsl.garbage import uncollected
from cnndsl.source import Source
from cnndsl.stack import deep_stack
from cnndsl.syntax.parser import parse


class Misformatted(Exception):
    """The new text would not say what the old one says: a bug of ours."""


@dataclass(frozen=True)
class Formatted:
    """A spec in its one layout, or the diagnostics that stand in its way."""

    text: str | None
    diagnostics: tuple[Diagnostic, ...]


@uncollected()
def format_source(source: Source) -> Formatted:
    """The text of a spec in its one layout; it need not be right, but must parse.

    Raises:
      Misformatted: if the tree of the new text is not that of the old one.
    """
    spec, diagnostics = parse(source)
    if spec is None or diagnostics:
        return Formatted(None, tuple(diagnostics))
    with deep_stack():
        text = written(tree(spec))
    again, _ = parse(replace(source, text=text))
    if again is None or not same(spec, again):
        raise Misformatted(f"the layout of {source.name} would change what it says")
    return Formatted(text, ())
