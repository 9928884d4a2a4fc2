"""Whether a text says what a tree says, and whether two trees say the same, wherever it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise

from cnndsl.format.pieces import spelling, words_of
from cnndsl.source import Source, Span
from cnndsl.syntax import ast
from cnndsl.syntax.docs import definition_doc, file_doc
from cnndsl.syntax.layout import OPENERS
from cnndsl.syntax.scan import Mistake, Word


def keeps(spec: ast.Spec, words: Sequence[Word], text: str) -> bool:
    """Whether a text certainly says what the `words` say that a spec was parsed from.

    The automaton looks at nothing of a word but its kind, and what it builds takes from a word its
    text: the same words in the same order are the same tree. A comma in front of a closer is the
    one that every list of the grammar may end with, and no tree has it. What becomes documentation
    is no word, and is compared besides. No is no proof: commas may stand for newlines in the
    braces of a list.
    """
    source = Source(spec.source.name, text)
    try:
        again = words_of(source)
    except Mistake:
        return False
    kept = [word for word, after in pairwise(words) if word.type != "COMMA" or not _closes(after)]
    kept += words[-1:]
    if len(kept) != len(again) or file_doc(source) != spec.doc:
        return False
    docs = {d.span.start: d.doc for d in spec.definitions if not isinstance(d, ast.Use)}
    for one, other in zip(kept, again, strict=True):
        if one.type != other.type or (one.text != "\n" and spelling(one) != other.text):
            return False
        if one.start in docs and definition_doc(source, other.start) != docs.pop(one.start):
            return False
    return True


def _closes(word: Word) -> bool:
    return word.type in OPENERS


def same(one: ast.Spec, other: ast.Spec) -> bool:
    """Compares two specs, comments that become documentation included, without recursion."""
    waiting: list[tuple[object, object]] = [
        (one.doc, other.doc),
        (one.definitions, other.definitions),
    ]
    while waiting:
        a, b = waiting.pop()
        if isinstance(a, Span) and isinstance(b, Span):
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, tuple) and isinstance(b, tuple):
            if len(a) != len(b):
                return False
            waiting += zip(a, b, strict=True)
        elif isinstance(a, ast.Node):
            waiting += [(getattr(a, f.name), getattr(b, f.name)) for f in fields(a)]
        elif a != b:
            return False
    return True
