"""What is wrong with a text besides its syntax errors: it is read on with their edits made.

Statements with a mistake are taken out of a text to read on (`recovery.py`), and what else is wrong
with them stays unsaid. Where the help of a mistake is an edit, it is made instead, again and again,
and what shows then is told at its place in the text as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnndsl.diagnostics import Diagnostic, Fix, Label
from cnndsl.fixes import corrected, edited, fixes, joined_fixes, rewritten
from cnndsl.source import Source, Span

_ROUNDS = 6
_LONGEST = 20_000  # characters of a text that is read again
_MOST = 20  # mistakes of a text that is read again
_CERTAIN = frozenset(
    "E004 E006 E010 E011 E013 E014 E018 E019".split()
)  # written otherwise, and known how

_NAMES = frozenset("E101 E102 E106 E113 E205 E208".split())  # what leaves the shapes unknown
_MENDED = _NAMES | {
    "E301",
    "E302",
    "E303",
    "E304",
    "E305",
    "E308",
}  # behind which the shapes are known
_SURE = _CERTAIN | _NAMES

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
        if fix is not None and found.table and found.code == "E013":
            help, table = rewritten(fix)
            found = replace(found, help=help, table=table)
        return replace(found, primary=primary, labels=labels, fix=fix)


@dataclass(frozen=True)
class Second:
    """A second look at a text: whether it has syntax errors, and what is wrong with it; and where
    it has, what is wrong with what can be read of it.
    """

    check: Check
    read_on: Callable[[Source], Sequence[Diagnostic]]


def further(source: Source, mistakes: Sequence[Diagnostic], again: Second) -> list[Diagnostic]:
    """The mistakes of a text, and what shows when those with an edit are mended: those of syntax
    first, then names and arguments, and shapes last.
    """
    found = list(mistakes)
    if len(source.text) > _LONGEST or len(found) > _MOST:
        return found
    passed: list[Edited] = []
    after, fresh = source, mistakes
    parses = is_read = all(each.code > "E1" for each in mistakes)
    is_sure, guessed = True, set[int]()  # lines with an edit that is one of several perhaps
    settled = set(map(_key, mistakes))  # that later edits do not take back
    for _ in range(_ROUNDS):
        known = _MENDED if is_read else _CERTAIN
        mended = [each for each in fresh if each.code in known and fixes(each)]
        if edits := apart([fix for each in mended for fix in fixes(each)]):
            is_sure &= all(each.code in _SURE or _is_of_assertion(each) for each in mended)
            known_by = [_back(each, passed) for each in mended]
            guessed |= {line_of(each) for each in known_by if each.code not in _CERTAIN}
            settled |= set(map(_key, known_by))
            passed.append(Edited(after, Source(source.name, edited(after.text, edits)), edits))
            after = passed[-1].after
            still, fresh = again.check(after)
            if parses and not still:
                break  # an edit is no spec
            parses = still
            if is_read and not parses:
                fresh = again.read_on(after)
            is_read |= parses
        elif not is_read:
            is_read, fresh = True, again.read_on(after)
        else:
            break
        shown = [(_back(each, passed), each) for each in fresh]
        if parses:  # a shape that another edit made right
            settled |= {_key(was) for was, _ in shown}
            found = [each for each in found if each.code < "E3" or _key(each) in settled]
            settled -= {_key(was) for was, _ in shown} - set(map(_key, mistakes))
        for was, each in shown:
            follows = each.code < "E3" and line_of(was) in guessed  # of another word perhaps
            depends = each.code >= "E32"  # on all shapes: what is shared, and what is asserted
            if not follows and (is_sure or not depends):
                _note(was, found, each)
    return sorted(found, key=place_of)


def _is_of_assertion(mistake: Diagnostic) -> bool:
    """Whether an edit changes what is asserted, and nothing of the network."""
    return mistake.code == "E305" and fixes(mistake)[0].span.start == place_of(mistake)


def _back(mistake: Diagnostic, passed: Sequence[Edited]) -> Diagnostic:
    """A mistake of an edited text, in the text as it was."""
    for step in reversed(passed):
        mistake = step.diagnostic(mistake)
    return mistake


def _note(mistake: Diagnostic, found: list[Diagnostic], shown: Diagnostic) -> None:
    """Adds a mistake that was not found before; of the same kind in one line, to the one there."""
    for index, known in enumerate(found):
        if place_of(known) == place_of(mistake) and (known.code > "E1" or mistake.code < "E4"):
            if known.code == mistake.code == "E101" or (known.code == "E304" and mistake.fix):
                found[index] = mistake  # with its arguments as they are called here, or decided
            if known.code == mistake.code == "E305" and not known.help and fixes(mistake):
                behind = f"with the edits of the mistakes above, {mistake.help}"
                found[index] = replace(known, help=behind)
            return
        if line_of(known) != line_of(mistake) or known.message != mistake.message:
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
    if shown.code == "E109" or (shown.code < "E1" and shown.code not in _CERTAIN):
        return
    if mistake.primary is None or "\n" not in mistake.primary.span.text:
        found.append(mistake)


def apart(edits: Sequence[Fix]) -> tuple[Fix, ...]:
    """The edits, as small as they are, that do not touch each other, in the order of the text."""
    kept: list[Fix] = []
    for edit in sorted(edits, key=lambda fix: (fix.span.start, fix.span.end)):
        parts = _smaller(edit)
        if all(
            p.span.end <= k.span.start or k.span.end <= p.span.start for p in parts for k in kept
        ):
            kept += parts
    return tuple(sorted(kept, key=lambda fix: (fix.span.start, fix.span.end)))


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


def _key(mistake: Diagnostic) -> tuple[str, int]:
    return mistake.code, place_of(mistake)


def line_of(mistake: Diagnostic) -> int:
    return mistake.primary.span.line if mistake.primary else 0
