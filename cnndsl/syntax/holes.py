"""Words that stand for what was taken out of a text, so that the rest is a spec."""

from __future__ import annotations

from collections.abc import Sequence

from cnndsl.diagnostics import Diagnostic
from cnndsl.syntax.foreign import HEADS
from cnndsl.syntax.scan import Word
from cnndsl.syntax.statements import Extent, open_at, statement_at

# Statements that nothing flows through.
_ASIDE = frozenset("EXPECT LET SHARED PARAM CONSTANT TRAIN PREPROCESS RETURN".split())
_OWN_WORDS = frozenset({"TRAIN", "PREPROCESS", "STRING"})  # stand before braces of settings
_WITH_BODY = frozenset("STAGE FOR IF ELSE AUX TRAIN PREPROCESS BLOCK MODEL OP".split())


def has_body(first: Word, mistake: Diagnostic) -> bool:
    """Whether braces behind these words are a body of statements, whatever its head says."""
    likely = mistake.help is not None and mistake.help.startswith("did you mean")
    return first.type in _WITH_BODY or first.text in HEADS or likely


def head_of(laid: Sequence[Word], extent: Extent, brace: int) -> list[Word]:
    """Words that may stand before the body that opens at `brace`, and take no place."""
    first = laid[extent.first]
    if not extent.inside:
        kinds = ["BLOCK", "NAME"]
    elif first.type in ("TRAIN", "PREPROCESS"):
        kinds = ["TRAIN"]
    elif first.type == "STAGE":
        kinds = ["STAGE", "NAME"]
    else:
        kinds = ["IF", "NAME"]
    return [Word(first.source, first.start, first.start, kind) for kind in kinds]


def hole_of(laid: Sequence[Word], extent: Extent) -> list[Word]:
    """Words that may stand for a statement: an element, or an image, that nobody knows."""
    first, second = laid[extent.first : extent.first + 2]
    opener = open_at(laid, first.start)[-1]
    head = statement_at(laid, opener.start).first
    before = laid[next(i for i, word in enumerate(laid) if word is opener) - 1]
    varies = laid[head].type == "MODEL" and laid[head + 2].type == "EQUAL"
    binds = first.type == "NAME" and second.type == "EQUAL"
    if first.type in _ASIDE or binds or varies or before.type in _OWN_WORDS:
        return []
    kinds = ["INPUT", "LPAR", "NAME", "RPAR"] if first.type == "INPUT" else ["NAME"]
    return [Word(first.source, first.start, first.start, kind) for kind in kinds]
