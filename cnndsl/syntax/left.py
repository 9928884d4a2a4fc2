"""What is left of a text without the statements that cannot be read, to be elaborated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax import ast
from cnndsl.syntax.docs import file_doc
from cnndsl.syntax.layout import layout
from cnndsl.syntax.machine import Unexpected, run
from cnndsl.syntax.recovery import BRACKETS, Recovery
from cnndsl.syntax.scan import Mistake

_OF_NAMES = frozenset("E101 E102 E105 E106 E205".split())  # which no bracket changes
_LACKING = frozenset({"E111", "E120"})  # of an `input` or a setting, which may be lost


@dataclass(frozen=True)
class Left:
    """What is left of a text without the statements that cannot be read, and their words."""

    spec: ast.Spec
    lost: frozenset[str]
    is_paired: bool  # as it was written

    def tells(self, mistake: Diagnostic) -> bool:
        """Whether a mistake of meaning is one of the text, and follows from nothing lost."""
        if mistake.primary is None or mistake.primary.span.source is not self.spec.source:
            return False
        seen = mistake.primary.span.text
        if mistake.code in _LACKING:
            return False
        if not seen or (mistake.code < "E3" and seen in self.lost):
            return False
        return self.is_paired or mistake.code in _OF_NAMES


def left_of(source: Source) -> Left | None:
    """What can be read of a text; None where what is no word stands in it."""
    recovery = Recovery(source)
    try:
        recovery.mistakes()
        if recovery.unknown:
            return None
        definitions = run(layout(iter(recovery.words)))
    except (Mistake, Unexpected):
        return None
    lost = frozenset(re.findall(r"\w+", " ".join(recovery.lost)))
    is_paired = not any(each.code in BRACKETS for each in recovery.found)
    return Left(ast.Spec(source, file_doc(source), definitions), lost, is_paired)
