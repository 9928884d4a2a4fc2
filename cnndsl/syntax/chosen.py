"""Layers that are chosen as values are."""

from __future__ import annotations

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.syntax.choices import around, edit, said, written
from cnndsl.syntax.context import Context


def chosen(at: Context) -> Diagnostic | None:
    """`here if stride == 1 else conv(64, 1)`: layers are chosen by an `if` with braces."""
    if at.word.type != "IF" or at.inside not in ("LBRACE", "LSQB") or not at.item:
        return None
    part = around(at.word.source.text, at.word.start)
    cases = said(part.text)
    if cases is None or (at.inside == "LSQB" and not cases[-1][1]):
        return None
    fix = edit(at.word, part, written(part, cases, is_value=False))
    message = "layers are chosen by an `if` with braces"
    return errors.written_differently(at.word, message, None, fix)
