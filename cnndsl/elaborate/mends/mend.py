"""What may have been meant, as edits to be tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnndsl.diagnostics import Fix
from cnndsl.source import Span
from cnndsl.syntax import ast

SURE, LIKELY, POSSIBLE = range(3)


@dataclass(frozen=True)
class Mend:
    """Edits, made together, and what they are about.

    What is `SURE` is wrong by itself, and is told at its own place: the rest follows from it.
    """

    rank: int
    fixes: tuple[Fix, ...]
    why: str
    reveals: bool = False  # mistakes of a body that was not reached before
    decides: bool = False  # between edits that are as likely: told where nothing is wrong then

    def moved(self, place: int) -> int | None:
        """Where a place of the text is after the edits; None within one."""
        shift = 0
        for fix in self.fixes:
            if fix.span.start <= place < fix.span.end:
                return None
            if fix.span.end <= place:
                shift += len(fix.text) - (fix.span.end - fix.span.start)
        return place + shift


def parts_of(shape: ast.List) -> list[str]:
    if shape.size:
        return shape.span.text.split("x")
    return [item.span.text for item in shape.items]


def rotated(parts: Sequence[str]) -> str:
    return shape_of([*parts[1:], parts[0]])


def shape_of(parts: Sequence[str]) -> str:
    return f"[{', '.join(parts)}]"


def multiples(number: int, step: int) -> list[int]:
    """The multiples of `step` around a number, the nearer one first, and not none."""
    around = [number // step * step, (number // step + 1) * step]
    return sorted((each for each in around if each), key=lambda each: abs(each - number))


def holds(span: Span, inner: Span) -> bool:
    return span.source is inner.source and span.start <= inner.start and inner.end <= span.end
