"""Layers of other libraries in a text with syntax errors, which is not elaborated."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from cnndsl import elsewhere, errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.syntax.ported.meaning import op_spelt
from cnndsl.syntax.scan import Word

_BEFORE = frozenset({"NEWLINE", "LBRACE", "ARROW"})  # what an element stands behind, and no value


def strangers(words: Sequence[Word], found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The calls of layers that have another name here, whatever else is wrong with the text.

    Nothing is said of a text that uses files, which may have such names, of a name that stands
    anywhere but in a call, and where something was `found` already.
    """
    if any(word.type == "USE" for word in words):
        return []
    calls, others = [], set()
    before = "NEWLINE"
    for word, after in pairwise(words):
        if word.type == "NAME" and before in _BEFORE and after.type == "LPAR":
            calls.append(word)
        elif word.type == "NAME":
            others.add(word.text)
        before = word.type
    said = [mistake.primary.span for mistake in found if mistake.primary]
    return [
        errors.unknown_element(word, word.text, f"did you mean `{meant}`?")
        for word in calls
        if word.text not in others
        and not any(span.start < word.end and word.start < span.end for span in said)
        and (meant := _meant(word.text))
    ]


def _meant(name: str) -> str | None:
    """The one op that another library calls so; ours have no other names."""
    meant = op_spelt(name)
    return None if meant == name or len(elsewhere.ops(name)) > 1 else meant
