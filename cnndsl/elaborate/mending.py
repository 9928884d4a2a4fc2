"""Mistakes of shape, explained by the edit of the text that makes the spec right.

What an op or an assertion says of a shape is where a mistake shows, which is seldom where it is. So
edits that may have been meant (`mends.py`) are tried one after the other, and the first that leaves
fewer mistakes and makes no new one is told. Mistakes that it takes away together are one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import chain

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.elaborate.mends import LIKELY, POSSIBLE, SURE, Mend, mends
from cnndsl.elaborate.mends.arguments import dilated
from cnndsl.elaborate.mends.flow import declared, unmoved
from cnndsl.elaborate.program import Program
from cnndsl.fixes import corrected, edited, fixes, joined_fixes
from cnndsl.source import Span
from cnndsl.syntax.walk import walk

# Diagnostics of a changed text; None where it takes too long to tell.
Recheck = Callable[[str], "Sequence[Diagnostic] | None"]

EFFORT = 6_000  # layers that may be elaborated for it, and what costs as much
_A_TRIAL = 80  # layers that another trial costs as much as, however small the network is
_CHARACTERS = 40  # of a text that take as long to read as a layer to make
_FEWEST = 3  # trials, or none: an editor waits for them
_ROUNDS = 3  # independent mistakes that are explained
_OF_SHAPES = frozenset(
    "E101 E102 E105 E106 E107 E113 E141 E203 E205 E208 E211 E212"
    " E301 E302 E303 E304 E305 E307 E402".split()
)
_CALLS = frozenset({"E101", "E105", "E107"})
_LISTED = 6


def mended(
    mistakes: Sequence[Diagnostic],
    program: Program,
    spent: int,
    recheck: Recheck,
) -> list[Diagnostic]:
    """The mistakes of a spec, with the edits that were found by trying; `spent` is what it took to
    find the mistakes.
    """
    found, left = list(mistakes), EFFORT
    each = _A_TRIAL + spent
    text = program.spec.source.text
    each += len(text) // _CHARACTERS
    if each > EFFORT // _FEWEST:
        return _once(found)
    for wrong in list(found):
        if wrong in found and wrong.code == "E305" and wrong.fix is not None and left > 0:
            left -= each
            after = recheck(edited(text, [wrong.fix]))
            whole = Mend(LIKELY, (wrong.fix,), "")
            if after is None or len(after) >= len(found):  # it is of a block that is used elsewhere
                told, gone = replace(wrong, help=None, fix=None), set[int]()
            else:  # other shapes may follow from it
                told, gone = wrong, _gone(whole, wrong, found, after)[0] - {id(wrong)}
            found = [told if d is wrong else d for d in found if id(d) not in gone]
    done, helped = set[int](), set[str]()  # mistakes, and why: the same is made in several places
    for _ in range(_ROUNDS):
        left_open = [d for d in found if id(d) not in done]
        open_ = [d for d in left_open if _is_open(d, program) or _is_evident(d, program)]
        if not open_:
            break
        first = open_[0]
        most = POSSIBLE if _is_open(first, program) else SURE
        best: tuple[tuple[int, int], Mend, set[int]] | None = None
        tried = mends(program, open_, found)
        for mend in sorted(tried, key=lambda m: (m.why not in helped, m.rank)):
            left -= each
            if left < 0 or mend.rank > (best[1].rank if best is not None else most):
                break
            gone, new = _gone(mend, first, found, recheck(edited(text, mend.fixes)))
            if mend.decides and (new or len(gone) < len(found)):
                continue
            if gone and (best is None or (len(gone), -new) > best[0]):
                best = (len(gone), -new), mend, gone
                if len(gone) == len(found) and not new:
                    break
        if best is None:
            done.add(id(first))
            continue
        helped.add(best[1].why)
        told = _told(first, best[1], [d for d in found if id(d) in best[2]])
        found = [told if d is first else d for d in found if d is first or id(d) not in best[2]]
        done.add(id(told))
    return _once(found)


def _once(found: Sequence[Diagnostic]) -> list[Diagnostic]:
    """The mistakes without the shapes that another one's edit makes right as well."""
    told: set[str] = set()
    left: list[Diagnostic] = []
    for each in found:
        if each.code != "E305" or each.help is None or each.help not in told:
            left.append(each)
        if each.code == "E305" and each.help is not None:
            told.add(each.help)
    return left


def _is_open(mistake: Diagnostic, program: Program) -> bool:
    """Whether a mistake may be one of shape, and has no edit yet."""
    if mistake.code not in _OF_SHAPES or mistake.primary is None:
        return False
    if mistake.primary.span.text == "None":  # the size of a batch
        return True
    if fixes(mistake) and not (mistake.code == "E305" and "stride" in (mistake.help or "")):
        return False
    if mistake.help is not None and mistake.code not in ("E105", "E141", "E303", "E304", "E305"):
        return False
    return mistake.primary.span.source is program.spec.source


def _is_evident(mistake: Diagnostic, program: Program) -> bool:
    """Whether something is wrong by itself that a mistake of shapes may follow from: names that
    were meant to move what flows or to run later, or a dilation in the place of groups.
    """
    nodes = [node for each in program.spec.definitions for node in walk(each)]
    of_shapes = mistake.code in ("E132", "E301", "E302", "E303", "E304", "E305")
    return of_shapes and any(
        chain(declared(nodes, mistake), unmoved(nodes, mistake), dilated(nodes, mistake))
    )


def _gone(
    mend: Mend, first: Diagnostic, found: Sequence[Diagnostic], after: Sequence[Diagnostic] | None
) -> tuple[set[int], int]:
    """The mistakes that an edit takes away, the first among them, and how many others show then;
    none if it makes them.
    """
    if after is None:
        return set(), 0
    moved = {(d.code, _moved(mend, d)): d for d in found}
    left = {(d.code, _start(d)) for d in after}
    new, place = left - moved.keys(), _moved(mend, first)
    low = min(fix.span.start for fix in mend.fixes)
    high = max(fix.span.end + len(fix.text) for fix in mend.fixes)
    again = any(code == first.code and low <= (at or 0) <= high for code, at in new)
    counts = all(code > "E4" for code, _ in new)  # which a spec without other mistakes is held to
    hidden = mend.reveals and not again and all(code not in _CALLS for code, _ in new)
    revealed = counts or hidden
    if (new and not revealed) or (first.code, place) in left:
        return set(), 0
    return {id(d) for key, d in moved.items() if key not in left}, len(new)


def _trimmed(span: Span) -> Span:
    """A span without the comma behind what goes."""
    return Span(span.source, span.start, span.start + len(span.text.rstrip(", ")))


def _start(mistake: Diagnostic) -> int | None:
    return mistake.primary.span.start if mistake.primary else None


def _moved(mend: Mend, mistake: Diagnostic) -> int | None:
    start = _start(mistake)
    place = None if start is None else mend.moved(start)
    return -1 if place is None else place


def _told(first: Diagnostic, mend: Mend, gone: Sequence[Diagnostic]) -> Diagnostic:
    """A mistake with the edit that takes it away, and the others that follow from it."""
    edits = sorted(mend.fixes, key=lambda fix: fix.span.start)
    plain = [edit for edit in edits if "\n" not in edit.text]
    written = [edit for edit in plain if edit.text.strip()] or plain
    first_line = [edit for edit in plain if edit.span.line == written[0].span.line]
    line = corrected(joined_fixes(first_line)) if first_line else None
    text = edits[0].text.partition("\n")[0]
    if len(edits) == 1 and edits[0].span.text:  # of a line too long to be repeated
        text = f"{text} in place of {errors.shown(edits[0].span.text)}"
    help = f"{mend.why}: {line or text}"
    notes = first.notes
    if len(edits) > 1:
        told_of = first_line[0] if first_line else edits[0]
        others = [edit.span.line for edit in edits if edit.span.line != told_of.span.line]
        also = [] if "\n" in edits[0].text else list(dict.fromkeys(map(str, others)))
        listed = ", ".join(also[:_LISTED]) + (", …" if len(also) > _LISTED else "")
        help += f" (and in line {listed})" if also else ""
    fix: Fix = joined_fixes(edits)
    at_it = first.primary is not None and first.primary.span.start == edits[0].span.start
    if mend.rank == SURE and not at_it:
        shown: tuple[Label, ...] = (
            () if first.primary is None else (Label(first.primary.span, first.message),)
        )
        shown = tuple(s for s in shown if s.span.line != edits[0].span.line)
        return errors.meant_otherwise(_trimmed(edits[0].span), mend.why, tuple(shown), help, fix)
    return replace(first, notes=notes, help=help, fix=fix)
