"""Unexpected words to diagnostics that teach."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.syntax.scan import Word


def explain(word: Word, accepts: set[str]) -> Diagnostic:
    return errors.unexpected(word, errors.shown(word.text), ", ".join(sorted(accepts)))
