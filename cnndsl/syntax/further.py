"""What is wrong with a text besides its syntax errors: it is read on with their edits made.

Statements with a mistake are taken out of a text to read on (`recovery.py`), and what else is wrong
with them stays unsaid. Where the help of a mistake is an edit, it is made instead, again and again,
and what shows then is told at its place in the text as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.fixes import corrected, edited, fixes, joined_fixes
from cnndsl.source import Source, Span

_ROUNDS = 6
_LONGEST = 20_000  # characters of a text that is read again
_MOST = 20  # mistakes of a text that is read again
_CERTAIN = frozenset({"E004", "E010", "E013", "E014", "E018"})  # written otherwise, and known how

_MEANT = ("E1", "E2", "E013", "E308")  # what does not depend on shapes
_NAMES = frozenset("E101 E102 E106 E113 E205 E208".split())  # what leaves the shapes unknown
_SHOWN = frozenset({"E205", "E301", "E302", "E303", "E304", "E308"})

Check = Callable[[Source], "tuple[bool, Sequence[Diagnostic]]"]


@dataclass(frozen=True)
class Edited:
    """A text with edits made, in the order of the text, and what it was before."""

    before: Source
    after: Source
    edits: tuple[Fix, ...]

    def back(self, place: int, is_end: bool) -> tuple[int, int]:
        """Where a place of the edited text was before, and where in the edited text that is now:
        another place only within what an edit wrote.
        """
        shift = 0
        for edit in self.edits:
            start = edit.span.start + shift
            end = start + len(edit.text)
            if place < start or (place == start and (is_end or start < end)):
                break
            if place < end or (is_end and place == end):
                return (edit.span.end, end) if is_end else (edit.span.start, start)
            shift += len(edit.text) - (edit.span.end - edit.span.start)
        return place - shift, place

    def span(self, span: Span) -> Span:
        if span.source is not self.after:
            return span
        start, end = self.back(span.start, False)[0], self.back(span.end, True)[0]
        return Span(self.before, start, max(start, end))

    def fix(self, fix: Fix) -> Fix | None:
        """The same edit of the text before; within what an edit wrote, with that edit."""
        if fix.span.source is not self.after:
            return fix
        start, first = self.back(fix.span.start, False)
        end, last = self.back(fix.span.end, True)
        text = self.after.text
        whole = text[first : fix.span.start] + fix.text + text[fix.span.end : last]
        at = Span(self.before, start, max(start, end))
        opened = whole.count("{") - whole.count("}")
        if opened != at.text.count("{") - at.text.count("}"):
            return None  # one of two braces that an edit wrote
        return Fix(at, whole)

    def diagnostic(self, found: Diagnostic) -> Diagnostic:
        labels = tuple(Label(self.span(label.span), label.text) for label in found.labels)
        primary = found.primary
        if primary is not None:
            primary = Label(self.span(primary.span), primary.text)
        said = fixes(found)
        fix = self.fix(said[0]) if len(said) == 1 else None
        return replace(found, primary=primary, labels=labels, fix=fix)


def further(source: Source, mistakes: Sequence[Diagnostic], check: Check) -> list[Diagnostic]:
    """The syntax errors of a text, and what shows when those with an edit are mended.

    `check` says of a text whether it has syntax errors, and what is wrong with it.
    """
    found = list(mistakes)
    if len(source.text) > _LONGEST or len(found) > _MOST:
        return found
    passed: list[Edited] = []
    fresh: Sequence[Diagnostic] = mistakes
    for _ in range(_ROUNDS):
        edits = apart([fix for each in fresh if each.code in _CERTAIN for fix in fixes(each)])
        if not edits:
            break
        before = passed[-1].after if passed else source
        passed.append(Edited(before, Source(source.name, edited(before.text, edits)), edits))
        parses, after = check(passed[-1].after)
        if parses and any(each.code not in {*_CERTAIN, "E101"} for each in mistakes):
            break
        fresh = after
        for each in after:
            if parses and not each.code.startswith(_MEANT):
                continue
            was = each
            for step in reversed(passed):
                was = step.diagnostic(was)
            if each.code == "E109" or (was.primary and "\n" in was.primary.span.text):
                continue
            _note(was, found, each)
        if parses:
            break
    return sorted(found, key=place_of)


def behind(source: Source, mistakes: Sequence[Diagnostic], check: Check) -> list[Diagnostic]:
    """The mistakes of a text that could be read, and those that show when all of them are mended.

    Only what is written otherwise is: arguments and names. What shows then are shapes.
    """
    found = list(mistakes)
    edits = apart([fix for each in found for fix in fixes(each)])
    named = all(each.code in _NAMES and fixes(each) for each in found)
    if not named or len(source.text) > _LONGEST or len(found) > _MOST or not edits:
        return found
    step = Edited(source, Source(source.name, edited(source.text, edits)), edits)
    parses, after = check(step.after)
    for each in after if parses else ():
        was = step.diagnostic(each)
        is_here = each.primary is not None and each.primary.span.source is step.after
        if each.code in _SHOWN and is_here and place_of(was) not in map(place_of, found):
            found.append(was)
    return sorted(found, key=place_of)


def _note(mistake: Diagnostic, found: list[Diagnostic], shown: Diagnostic) -> None:
    """Adds a mistake that was not found before; of the same kind in one line, to the one there."""
    for index, known in enumerate(found):
        if place_of(known) == place_of(mistake):
            if known.code == mistake.code == "E101":
                found[index] = mistake  # with its arguments as they are called here
            return
        if _line(known) != _line(mistake) or known.message != mistake.message:
            continue
        if known.code in _CERTAIN and known.fix and mistake.fix:
            edits = apart([known.fix, mistake.fix])
            if len(edits) == 2:
                fix = joined_fixes(edits)
                line = corrected(fix)
                help = f"write {line}" if line and (known.help or "").startswith("write") else None
                found[index] = replace(known, fix=fix, help=help or known.help)
                return
        return
    if shown.code in _CERTAIN and not fixes(shown):
        return  # of a statement that was taken out before, or what an edit made
    if not shown.code.startswith(_MEANT) and shown.code not in _CERTAIN:
        return
    found.append(mistake)


def apart(edits: Sequence[Fix]) -> tuple[Fix, ...]:
    """The edits, as small as they are, that do not touch each other, in the order of the text."""
    small = [each for edit in edits for each in _smaller(edit)]
    small.sort(key=lambda fix: (fix.span.start, fix.span.end))
    kept: list[Fix] = []
    for each in small:
        if not kept or each.span.start >= kept[-1].span.end:
            kept.append(each)
    return tuple(kept)


def _smaller(edit: Fix) -> list[Fix]:
    """An edit that leaves most of its text as two, around what stays."""
    old, source, start = edit.span.text, edit.span.source, edit.span.start
    kept = old[1:]
    place = edit.text.find(kept) if len(kept) > 1 else -1
    if place < 0:
        return [edit]
    end = edit.span.end
    first = Fix(Span(source, start, start + 1), edit.text[:place])
    return [first, Fix(Span(source, end, end), edit.text[place + len(kept) :])]


def place_of(mistake: Diagnostic) -> int:
    return mistake.primary.span.start if mistake.primary else 0


def _line(mistake: Diagnostic) -> int:
    return mistake.primary.span.line if mistake.primary else 0
