"""The words of a spec with what stands between them, which the parser throws away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cnndsl.source import Source
from cnndsl.syntax.layout import layout
from cnndsl.syntax.scan import END, Word, scan


def words_of(source: Source) -> list[Word]:
    """All words as the parser sees them, END included; raises `Mistake` as the parser would."""
    return list(layout(scan(source)))


def spelling(word: Word) -> str:
    """A word in its one spelling: `within 1%`; the others are as they are written."""
    if word.type != "TOLERANCE":
        return word.text
    return " ".join(word.text.split()).replace(" %", "%")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a line of its own."""

    text: str
    after_blank: bool  # whether a blank line stands above it


@dataclass(slots=True)
class Gap:
    """What stands between a word and the one before it: comments and newlines.

    `trailing` is the comment behind the word before, `own` are those on lines of their own; `blank`
    says that a blank line stands right above the word, `wide` that anything at all stands between.
    """

    trailing: str | None = None
    own: list[Comment] = field(default_factory=list)
    newline: bool = False
    blank: bool = False
    wide: bool = False

    @property
    def has_comments(self) -> bool:
        return self.trailing is not None or bool(self.own)

    def absorb(self, other: Gap) -> None:
        """Takes what stands in the next gap; the word in between is to move before or behind."""
        if other.trailing is not None:
            if self.has_comments:
                self.own.append(Comment(other.trailing, False))
            else:
                self.trailing = other.trailing
        self.own += other.own
        self.newline |= other.newline
        self.blank = other.blank


@dataclass(frozen=True, slots=True)
class Piece:
    """A word as the parser sees it, and the gap before it.

    `separated` says that a newline which separates statements or items stands before it.
    """

    word: Word
    gap: Gap
    separated: bool


def pieces(words: Iterable[Word]) -> Iterator[Piece]:
    """The words of a text in order, without the newlines among them."""
    end = 0
    separated = False
    for word in words:
        if word.text == "\n":  # made by the layout rules
            separated = True
            continue
        between = word.source.text[end : word.start] + ("\n" if word.type == END else "")
        yield Piece(word, _gap(between if end else "\n" + between), separated)
        end, separated = word.end, False


def _gap(text: str) -> Gap:
    if not text:
        return Gap()
    first, *lines = text.split("\n")
    gap = Gap(first.strip(" \t") or None, newline=bool(lines), wide=True)
    blank = False
    for line in lines[:-1]:
        if comment := line.strip(" \t"):
            gap.own.append(Comment(comment, blank))
        blank = not comment
    gap.blank = blank
    return gap
