"""All syntax errors of a text: after each, it is read on as if the statement around it were right.

The words are repaired and parsed again until nothing is left to report. A repair pairs brackets,
or takes a statement out; of one with a body only its head, so that the body is still read. What
follows from a mistake is silent: no statement is reported twice.

What flows through a statement that was taken out is unknown behind it. An element without a name
stands in its place, so that the rest can be elaborated, whose mistakes are of meaning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Source
from cnndsl.syntax.expected import DEFINITIONS
from cnndsl.syntax.foreign import HEADS
from cnndsl.syntax.further import place_of
from cnndsl.syntax.grouped import grouped, uncovered
from cnndsl.syntax.holes import has_body, head_of, hole_of
from cnndsl.syntax.indented import indented
from cnndsl.syntax.layout import CLOSERS, between, layout
from cnndsl.syntax.machine import Unexpected, accepted_at, run
from cnndsl.syntax.merged import unmerged
from cnndsl.syntax.mistakes import explain
from cnndsl.syntax.scan import END, FINAL, MAX_WORDS, Mistake, Word, scan
from cnndsl.syntax.statements import (
    behind,
    brace_of,
    function_around,
    open_at,
    statement_at,
    surplus_brace,
    unclosed,
)

_MOST = 100  # mistakes of one text
_EFFORT = MAX_WORDS  # words that are parsed again, together
_IDLE = 50  # repairs, one after the other, that show no further mistake
BRACKETS = frozenset({"E006", "E007"})


def all_mistakes(source: Source, first: Mistake | Unexpected) -> list[Diagnostic]:
    """The syntax errors of a text, in order; only the first where the text is too large."""
    if conflicts := unmerged(source):
        return conflicts
    try:
        recovery = Recovery(source)
        return grouped(recovery.mistakes())
    except Mistake as too_large:
        if isinstance(first, Mistake):
            return [first.diagnostic]
        try:
            return [explain(first.word, first.accepted)]
        except Mistake:  # a rule that reads on
            return [too_large.diagnostic]


@dataclass
class Recovery:
    source: Source
    words: list[Word] = field(default_factory=list)
    found: list[Diagnostic] = field(default_factory=list)
    unknown: list[Diagnostic] = field(default_factory=list)  # what is no word
    damaged: set[int] = field(default_factory=set)  # the starts of statements with a mistake
    lines: set[int] = field(default_factory=set)  # those that they begin on
    lost: list[str] = field(default_factory=list)  # what was taken out
    repairs: int = 0

    def mistakes(self) -> list[Diagnostic]:
        """All of them; raises `Mistake` where there are too many words."""
        self.words = list(scan(self.source, missed=self.unknown))
        self.found = self.one_a_line(self.unknown)
        self.lines = {self.line(place_of(mistake)) for mistake in self.unknown}
        effort = idle = 0
        while len(self.found) < _MOST and effort <= _EFFORT and idle < _IDLE:
            effort += len(self.words)
            before, known = self.repairs, len(self.found)
            if not self.step() or self.repairs == before:
                break
            idle = 0 if len(self.found) > known else idle + 1
        return sorted(uncovered(self.found), key=place_of)

    def step(self) -> bool:
        """Parses the words and repairs the first mistake; whether it can go on."""
        try:
            run(layout(iter(self.words)))
        except Unexpected as unexpected:
            word = unexpected.word
            self.repair(
                explain(word, accepted_at(word, layout(iter(self.words))), self.words), word
            )
        except Mistake as mistake:
            if mistake.diagnostic.code in FINAL:
                self.found.append(mistake.diagnostic)
                return False
            self.repair(mistake.diagnostic, None)
        else:
            return False
        return True

    def repair(self, mistake: Diagnostic, word: Word | None) -> None:
        """Reports a mistake, if it is one of its own, and takes out what has it."""
        if surplus := self.surplus(mistake, word):
            opened = open_at(self.words, surplus.start)
            self.found.append(errors.surplus_brace(surplus, opened[-1] if opened else None))
            self.lines.add(self.line(surplus.start))
            self.take_out([surplus], surplus.end)
        elif mistake.code in BRACKETS:
            self.pair(mistake)
        elif word is not None and word.type == "COMMA" and self.ends_line(word):
            self.report(mistake, word.start)
            self.take_out([word], word.end)
        else:
            place = place_of(mistake)
            self.drop(mistake, place if word is None else min(place, word.start))

    def drop(self, mistake: Diagnostic, place: int) -> None:
        """Takes out the statement around a mistake; its body stays, and is read."""
        function = function_around(self.words, place)
        if function:
            self.report(mistake, function[0].start)
            self.damaged.add(function[0].start)
            self.lines.add(self.line(function[0].start))
            self.take_out(function, function[-1].end)
            return
        for bracket in reversed(open_at(self.words, place)):
            if bracket.type == "LBRACE":
                break
            if bracket in unclosed(self.words):
                self.close(bracket, len(self.source.text))
                place = bracket.start
        laid = self.laid()
        extent = statement_at(laid, place)
        first = laid[extent.first]
        again = first.start in self.damaged
        self.report(mistake, first.start)
        self.damaged.add(first.start)
        self.lines.add(self.line(first.start))
        stop = laid[extent.stop].start
        brace = None if again else brace_of(laid, extent, place)
        if brace is not None and not extent.inside and first.type in ("TRAIN", "PREPROCESS"):
            self.take_out(laid[extent.first : extent.stop], laid[behind(laid, brace) - 1].end)
            return
        if brace is not None and has_body(first, mistake):
            head = head_of(laid, extent, brace)
            self.take_out(laid[extent.first : brace], laid[brace].start, head)
        elif extent.inside:
            hole = [] if again else hole_of(laid, extent)
            self.take_out(laid[extent.first : extent.stop], stop, hole)
        else:
            end = self.next_definition(max(stop, place))
            self.take_out(laid[extent.first : extent.stop], end)

    def report(self, mistake: Diagnostic, start: int) -> None:
        """Notes a mistake in the statement that begins at `start`, unless it follows from another
        one, or from what is no word in front of it."""
        place = place_of(mistake)
        follows = any(start <= place_of(unknown) <= place for unknown in self.unknown)
        if start not in self.damaged and not follows:
            self.found.append(mistake)

    def surplus(self, mistake: Diagnostic, word: Word | None) -> Word | None:
        """A `}` too many, where it is why a word does not fit, or a bracket is open."""
        if word is not None:
            return surplus_brace(self.words, word.start)
        if mistake.code != "E006" or mistake.primary is None or not mistake.labels:
            return None
        opener = next((w for w in self.words if w.start == place_of(mistake)), None)
        seen = mistake.labels[0].span
        if opener is None or seen.text != "}":
            return None
        return surplus_brace(self.words, seen.end, opener.type)

    # --- brackets ---------------------------------------------------------------------

    def pair(self, mistake: Diagnostic) -> None:
        """Closes what is open, or takes out what closes nothing."""
        place = place_of(mistake)
        if self.line(place) not in self.lines:
            self.found.append(indented(mistake) or mistake)
        self.lines.add(self.line(place))
        if mistake.code == "E007":
            self.pair_closer(place)
            return
        seen = mistake.labels[0].span
        opened = open_at(self.words, seen.start)
        ends = seen.start >= len(self.source.text) or seen.text in ("use", "fn", "block", "model")
        if not ends:
            opened = [word for word in opened if word.start >= place]
        for word in reversed(opened):
            self.close(word, seen.start)
        if mistake.primary is not None and mistake.primary.span.text != "{":
            laid = self.laid()
            self.damaged.add(laid[statement_at(laid, place).first].start)

    def pair_closer(self, place: int) -> None:
        """A closer that does not fit closes the innermost bracket; if there is none, or a brace
        of a line further up, it goes."""
        index = next(i for i, word in enumerate(self.words) if word.start == place)
        word, opened = self.words[index], open_at(self.words, place)
        self.repairs += 1
        stray = bool(opened) and word.type != "RBRACE" and opened[-1].type == "LBRACE"
        if not opened or (stray and "\n" in between(opened[-1], word)):
            del self.words[index]
            return
        self.words[index] = Word(word.source, word.start, word.end, CLOSERS[opened[-1].type])
        laid = self.laid()
        self.damaged.add(laid[statement_at(laid, opened[-1].start).first].start)

    def close(self, opener: Word, seen: int) -> None:
        """Adds the closer that a bracket lacks: a brace's where that was seen, others in their
        line."""
        kind = CLOSERS[opener.type]
        for index, word in enumerate(self.words):
            ends_line = word.type == "NEWLINE" and kind != "RBRACE" and word.start > opener.start
            if word.start >= seen or word.type == END or ends_line:
                if kind == "RBRACE" and index and self.words[index - 1].type == "NEWLINE":
                    index -= 1
                at = self.words[index].start
                self.words.insert(index, Word(self.source, at, at, kind))
                self.repairs += 1
                return

    # --- words ------------------------------------------------------------------------

    def laid(self) -> list[Word]:
        """The words after the layout rules, as far as their brackets are paired."""
        laid: list[Word] = []
        try:
            laid += layout(iter(self.words))
        except Mistake:
            end = laid[-1].end if laid else 0
            laid.append(Word(self.source, end, end, END))
        return laid

    def take_out(self, words: Sequence[Word], end: int, instead: Sequence[Word] = ()) -> None:
        """Replaces words, and all that stands between them and an offset."""
        if not words:
            return
        start, gone = words[0].start, set(map(id, words))
        self.lost.append(self.source.text[start:end])
        left = [w for w in self.words if id(w) not in gone and not start <= w.start < end]
        self.repairs += len(left) < len(self.words)
        index = sum(word.start < start for word in left)
        self.words = [*left[:index], *instead, *left[index:]]

    def line(self, place: int) -> int:
        return self.source.position(place)[0]

    def ends_line(self, word: Word) -> bool:
        rest = self.source.text[word.end :].partition("\n")[0].strip()
        return not rest or rest.startswith("#")

    def next_definition(self, place: int) -> int:
        """The offset of the newline before the next definition, of another language perhaps."""
        for newline, word in pairwise(self.words):
            begins = newline.type == "NEWLINE" and newline.start >= place
            foreign = word.text in HEADS and newline.text.endswith("\n")  # not indented
            if begins and (word.type in DEFINITIONS or foreign):
                return newline.start
        return len(self.source.text)

    def one_a_line(self, mistakes: Sequence[Diagnostic]) -> list[Diagnostic]:
        """The first ones of their kind in their line: quotes come in pairs."""
        firsts: dict[tuple[str, int], Diagnostic] = {}
        for mistake in mistakes:
            firsts.setdefault((mistake.message, self.line(place_of(mistake))), mistake)
        return list(firsts.values())
