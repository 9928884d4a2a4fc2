"""Networks of other notations, each part of a text as what it is here.

What the rules for single words and lines do not mend is read as a whole: Python of any library,
records, tables, sentences. What that gives is checked before it is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic, Fix
from cnndsl.fixes import edited, fixes, place
from cnndsl.source import Source, Span
from cnndsl.syntax.further import Edited, apart, place_of
from cnndsl.syntax.ported.entries import BY_HAND
from cnndsl.syntax.ported.meaning import op_meant
from cnndsl.syntax.ported.part import Part
from cnndsl.syntax.ported.reader import foreign_arguments
from cnndsl.syntax.ported.regions import is_ours, parts
from cnndsl.syntax.ported.unlike import unlike

__all__ = ["ported"]

_EFFORT = 4_000  # layers that may be elaborated for it, and what costs as much
_A_TRIAL = 80  # layers that another trial costs as much as
_CHARACTERS = 40  # of a text that take as long to read as a layer to make
_RECOVERED = 150  # of a text that is read again behind a mistake, as long as to make a layer
_SHORT = 4_000  # characters of a text that costs little to be mended
_GUESSES = 14  # of one part
_MOST = 100  # mistakes of a text that is read again
_SEVERAL = 2  # mistakes of a line that are told one by one
_NAMED = 3  # words of another language that a message repeats
_LINE = 100  # characters of a line that a help repeats

_SAID = tuple("E0 E10 E113 E132 E205 E206".split())  # mistakes of how a line is written
_NAMES = frozenset("E101 E102 E106".split())  # which a text has, whatever its layers are

Check = Callable[[Source], "tuple[bool, Sequence[Diagnostic]]"]


@dataclass
class _Trials:
    """Checks of changed texts, as many as are not felt; `spent` is what the last one took."""

    check: Check
    spent: Callable[[], int]
    left: int = _EFFORT
    parsed: bool = True  # the last text that was checked

    def of(self, source: Source) -> Sequence[Diagnostic] | None:
        """What is wrong with a text; None where it takes too long to tell."""
        if self.left <= 0:
            return None
        self.parsed, found = self.check(source)
        size = len(source.text)
        self.left -= _A_TRIAL + self.spent() + size // _CHARACTERS
        self.left -= len(found) * size // _RECOVERED
        return found


def ported(
    source: Source, found: Sequence[Diagnostic], check: Check, spent: Callable[[], int]
) -> list[Diagnostic]:
    """The mistakes of a text, with one for each part that is written in another notation.

    `check` says of a text whether it has syntax errors, and what is wrong with it; `spent` how many
    layers that took.
    """
    here = [each for each in found if each.primary and each.primary.span.source is source]
    if not here or len(found) > _MOST:
        return list(found)
    said = [each for each in here if each.code.startswith(_SAID)]
    marked = {each.primary.span.line for each in said if each.primary}
    trials = _Trials(check, spent)
    try:
        candidates = _unmended(source, found, parts(source, marked), trials)
    except RecursionError:  # brackets or sums deeper than any network has them
        return list(found)
    if told := _told(source, found, candidates, trials):
        return told
    left = list(found)
    for each in candidates:
        left = _told(source, left, [each], trials) or left
    unread = left == list(found) and not all(map(fixes, left)) and not is_ours(source.text)
    none = unlike(source) if unread and any(each.code < "E1" for each in left) else None
    return left if none is None else [none]


def _unmended(
    source: Source, found: Sequence[Diagnostic], candidates: Sequence[Part], trials: _Trials
) -> Sequence[Part]:
    """The parts that need another answer: where a line has many mistakes, or one is left when the
    edits of all of them are made.
    """
    crowded = [p for p in candidates if _is_crowded([e for e in found if _is_in(e, [p.span])])]
    edits = apart([fix for each in found for fix in fixes(each)])
    many = len(source.text) > _SHORT and not all(map(fixes, found))
    if not candidates or not edits or many:
        return candidates
    after = trials.of(Source(source.name, edited(source.text, edits)))
    if after is None or not trials.parsed:
        return candidates

    def moved(place: int) -> int:
        before = [edit for edit in edits if edit.span.end <= place]
        return place + sum(len(e.text) - (e.span.end - e.span.start) for e in before)

    known = {(each.code, each.message) for each in found}
    if any((each.code, each.message) not in known for each in after):
        return candidates
    places = [each.primary.span.start for each in after if each.primary]
    spans = [(part, moved(part.span.start), moved(part.span.end)) for part in candidates]
    left = [p for p, start, end in spans if any(start <= place <= end for place in places)]
    return [p for p in candidates if p in crowded or p in left]


def _is_crowded(found: Sequence[Diagnostic]) -> bool:
    """Whether a line has more mistakes, of several kinds, than one reads one by one, or edits that
    write the same words.
    """
    lines: dict[int, list[str]] = {}
    for each in found:
        lines.setdefault(each.primary.span.line if each.primary else 0, []).append(each.code)
    many = any(len(codes) > _SEVERAL and len(set(codes)) > 1 for codes in lines.values())
    spans = sorted((fix.span.start, fix.span.end) for each in found for fix in fixes(each))
    return many or any(end > start for (_, end), (start, _) in pairwise(spans))


def _told(
    source: Source, found: Sequence[Diagnostic], candidates: Sequence[Part], trials: _Trials
) -> list[Diagnostic] | None:
    """The mistakes with those of the candidates in place of theirs, if that leaves no new one."""
    is_read = all(each.code >= "E1" for each in found)  # otherwise little is found
    if is_read:
        candidates = [part for part in candidates if not _is_of_here(part, found)]
    spans = [part.span for part in candidates]
    if not spans or (is_read and not any(_is_in(each, spans) for each in found)):
        return None
    before = {(each.code, each.message) for each in found if not _is_in(each, spans)}
    for guess in range(min(_GUESSES, max(len(part.texts) for part in candidates))):
        edits = [Fix(p.span, p.texts[min(guess, len(p.texts) - 1)]) for p in candidates]
        changed = Source(source.name, edited(source.text, edits))
        after = trials.of(changed)
        if after is None:
            return None
        left = {(each.code, each.message) for each in after}
        new = [each for each in after if (each.code, each.message) not in before]
        own = [each for each in new if _is_own(each, spans)]
        back = Edited(source, changed, tuple(sorted(edits, key=lambda fix: fix.span.start)))
        more = [back.diagnostic(each) for each in new if each not in own]
        if any(is_read or e.code not in _NAMES or _is_in(e, spans) for e in more):
            continue
        unread = () if trials.parsed else ("E1", "E2", "E3", "E4")  # of what is left of a text
        kept = [
            e
            for e in found
            if not _is_in(e, spans) and ((e.code, e.message) in left or e.code.startswith(unread))
        ]
        said = [_said(part, edit, own) for part, edit in zip(candidates, edits, strict=True)]
        return sorted([*kept, *more, *said], key=place_of)
    return None


def _is_of_here(part: Part, found: Sequence[Diagnostic]) -> bool:
    """Whether a line has the words of this language, and values of theirs that it does not take,
    which a rewriting would only leave out."""
    codes = [each.code for each in found if _is_in(each, [part.span])]
    is_of_values = all(code == "E106" or code.startswith("E2") for code in codes)
    return bool(codes) and is_of_values and any("# " in text for text in part.texts)


def _is_own(mistake: Diagnostic, spans: Sequence[Span]) -> bool:
    """Whether it is of a layer of the author's own, which stands in the text as it was."""
    name = mistake.primary.span.text if mistake.primary and mistake.code == "E101" else ""
    word = re.compile(rf"\b{name}\b", re.IGNORECASE)
    is_theirs = name[:1].isupper() and any(word.search(span.text) for span in spans)
    return is_theirs or name == BY_HAND


def _said(part: Part, edit: Fix, own: Sequence[Diagnostic]) -> Diagnostic:
    source, start = part.span.source, part.span.start
    first = re.compile(r"[\w.]+|[^\n]*").match(source.text, start)
    head = Span(source, start, min(part.span.end, first.end() if first else start))
    written = edit.text.strip("\n")
    lines = f" in place of {place(part.span)}" if "\n" in part.span.text.strip() else ""
    table, help = None, f"write {written}{lines}"
    if "\n" in written or len(written) > _LINE:
        indent = " " * (source.position(start)[1] - 1)
        table = written.replace(f"\n{indent}", "\n")
        help = f"write this in place of {place(part.span)}"
    message = _strange(part.span)
    if part.is_whole:
        message = "a network is a model, and its layers stand in its braces: op(arguments)"
    guesses = part.is_guess(edit.text)
    if guesses:
        help += ", with the size of your images"
    told = dict.fromkeys(each.primary.span.text for each in own if each.primary)
    if re.search(r"^ *# ", written, re.M):
        help += ", and write by hand what its comments say"
    names = [each for each in told if each != BY_HAND and re.search(rf"\b{each}\b", edit.text)]
    theirs = [each for each in names if op_meant(each) is not None]
    if theirs:
        help += f", and write by hand what has no words here: {errors.shown(', '.join(theirs))}"
    if own_names := [each for each in names if each not in theirs]:
        help += f", and declare what is yours: block {errors.shown(', '.join(own_names))}"
    return errors.ported(head, message, table, help, None if guesses or told else edit)


def _strange(span: Span) -> str:
    """What lines of another notation have that there is not here, in the words of a message."""
    from cnndsl.ops import MERGES, OPS  # only mistakes ask for them

    text = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", span.text)
    blocks = re.findall(r"^[ \t]*(?:block|op)[ \t]+(\w+)", span.source.text, re.M)
    words: list[str] = []
    for name, sign in re.findall(r"([A-Za-z_][\w.]*)[ \t]*(\(|=(?!=))", text):
        is_argument = sign == "=" and name in foreign_arguments()
        is_call = sign == "(" and name not in (*OPS, *MERGES, *blocks)
        words += [f"`{name}`"] if is_argument or is_call else []
    words = list(dict.fromkeys(words))[:_NAMED]
    if not words:
        return "a layer is op(arguments) here, and layers follow each other by `->` or line by line"
    *most, last = words
    if not most:
        return f"{last} is not a word of this language"
    return f"{', '.join(most)} and {last} are not words of this language"


def _is_in(mistake: Diagnostic, spans: Sequence[Span]) -> bool:
    at = mistake.primary.span if mistake.primary else None
    return at is not None and any(
        at.source is span.source and span.start <= at.start <= span.end for span in spans
    )
