"""Where an unexpected word stands: what the rules of mistakes.py look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnndsl.source import Source
from cnndsl.syntax.layout import CLOSERS, layout
from cnndsl.syntax.scan import END, Mistake, Word, scan

_CLOSING = frozenset(CLOSERS.values())


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """An unexpected word and its surroundings."""

    word: Word
    accepted: frozenset[str]  # the terminals that could have stood there
    before: tuple[Word, ...]  # all words before it
    after: Word  # the one behind it
    open: tuple[Word, ...]  # the brackets around it, the innermost last

    @property
    def previous(self) -> Word:
        return self.before[-1] if self.before else _nothing(self.word.source)

    @property
    def inside(self) -> str | None:
        """The type of the innermost bracket around the word."""
        return self.open[-1].type if self.open else None

    @property
    def statement(self) -> tuple[Word, ...]:
        """The words of this statement, or of the definition's head, before the word."""
        return self._since({"NEWLINE"}, stop_at={"LBRACE"})

    @property
    def item(self) -> tuple[Word, ...]:
        """The words of this element, argument or list item, before the word."""
        return self._since({"NEWLINE", "COMMA", "ARROW", "EQUAL"}, stop_at=set(CLOSERS))

    def _since(self, separators: set[str], stop_at: set[str]) -> tuple[Word, ...]:
        """The words before, back to a separator or a bracket around them."""
        depth = 0
        for index in range(len(self.before) - 1, -1, -1):
            kind = self.before[index].type
            if kind in _CLOSING:
                depth += 1
            elif depth and kind in CLOSERS:
                depth -= 1
            elif not depth and (kind in separators or kind in stop_at):
                return self.before[index + 1 :]
        return self.before


def surroundings(
    word: Word, accepted: frozenset[str], words: Iterable[Word] | None = None
) -> Context:
    """The context of a word among all `words` of its text.

    Without them the text is read once more: mistakes are rare and may take time.
    """
    before = []
    open_brackets = []
    after = word
    seen = False
    try:
        for other in layout(iter(scan(word.source) if words is None else words)):
            if seen:
                after = other
                break
            seen = (other.start, other.end, other.type) == (word.start, word.end, word.type)
            if not seen:
                before.append(other)
                if other.type in CLOSERS:
                    open_brackets.append(other)
                elif other.type in _CLOSING:
                    open_brackets.pop()
    except Mistake:  # behind the word, or it would have been found first
        after = _nothing(word.source)
    return Context(word, accepted, tuple(before), after, tuple(open_brackets))


def _nothing(source: Source) -> Word:
    return Word(source, len(source.text), len(source.text), END)
