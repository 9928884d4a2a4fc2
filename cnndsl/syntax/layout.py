"""What newlines mean: the words that the grammar is written for.

The innermost bracket decides. In `{ }` and outside of all brackets a newline ends a statement,
in `[ ]` it separates items as a comma does, in `( )` it means nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cnndsl import errors
from cnndsl.diagnostics import Diagnostic
from cnndsl.source import Span
from cnndsl.syntax.scan import END, Mistake, Word

MAX_NESTING = 1_010  # the promised 1,000, inside of a definition and a stage
_STATEMENT = 3  # levels that a statement may be without a bracket or an operator
_MAX_OPERATORS = 10_000  # of one expression: stops hopeless input before a tree is built

CLOSERS = {"LBRACE": "RBRACE", "LSQB": "RSQB", "LPAR": "RPAR"}
OPENERS = {closer: opener for opener, closer in CLOSERS.items()}
COMPARISONS = frozenset({"EQUALS", "DIFFERS", "LESSTHAN", "AT_MOST", "MORETHAN", "AT_LEAST"})
ARITHMETIC = frozenset({"PLUS", "MINUS", "STAR", "SLASH", "FLOOR", "PERCENT", "POWER"})
OPERATORS = COMPARISONS | ARITHMETIC | {"AND", "OR", "NOT", "RANGE", "DOT"}
_OPEN_ENDED = OPERATORS | {"ARROW", "COMMA", "EQUAL", "COLON", "IF", "ELSE"} | set(CLOSERS)
_GOES_ON = frozenset({"ARROW", "ELSE", "RBRACE", "RSQB", "RPAR", END})
# Words at one place of a statement, and what they are elsewhere.
_CONTEXTUAL = {
    "PREPROCESS": "NAME",
    "OP": "NAME",
    "FROM": "NAME",
    "SHARED": "NAME",
    "PARAM": "NAME",
    "CONSTANT": "NAME",
    "OUTPUT": "NAME",
    "RETURN": "NAME",
    "SPREAD": "RANGE",
    "ZOO": "NAME",
}
MERGES = frozenset("add concat mul sub div maximum minimum matmul".split())
_BEGINS_ITEM = frozenset({"LSQB", "LBRACE", "COMMA", "NEWLINE"})
_ENDS_CHAIN = frozenset({"NAME", "HERE", "IN", "RPAR", "RSQB", "RBRACE", "INTEGER"})
_SEPARATORS = frozenset({"NEWLINE", "COMMA", "ARROW", "RBRACE"})


@dataclass(slots=True)
class _Open:
    """A bracket that waits for its closer, and the operators of the expressions in it."""

    word: Word | None  # None: outside of all brackets
    current: int = 0
    most: int = 0
    has_items: bool = False  # of a merge or a pack, or braces in one


@dataclass(slots=True)
class Nesting:
    """An upper bound of how deep the tree of a text nests."""

    brackets: int = 0
    operators: int = 0

    @property
    def most(self) -> int:
        return self.brackets + self.operators + _STATEMENT


def layout(words: Iterator[Word], nesting: Nesting | None = None) -> Iterator[Word]:
    """The words without the newlines that mean nothing; raises `Mistake`.

    At their end `nesting` knows how deep they nest at most.
    """
    nesting = nesting or Nesting()
    stack = [_Open(None)]
    previous = before = first = None  # the last word, that before it, that before both
    newline = None
    for word in words:
        if word.type == "NEWLINE":
            newline = word
            continue
        if newline is not None:
            separator = _separator(newline, previous, word, stack[-1].word)
            newline = None
            if separator is not None:
                _count(stack[-1], separator)
                yield separator
            if separator is not None:
                previous, before, first = separator, previous, before
        if word.type in _CONTEXTUAL and not _is_in_place(word, previous, before, stack[-1]):
            word = Word(word.source, word.start, word.end, _CONTEXTUAL[word.type])
        _balance(stack, word)
        if len(stack) > nesting.brackets:
            nesting.brackets = len(stack)
        if word.type in ("LSQB", "LBRACE"):
            stack[-1].has_items = _has_items(stack, previous, before, first)
        if word.type == END:
            nesting.operators = max(stack[0].most, stack[0].current)
        yield word
        previous, before, first = word, previous, before


def _is_in_place(word: Word, last: Word | None, before: Word | None, inside: _Open) -> bool:
    """Whether a word that is none of the language elsewhere stands where it is one."""
    if word.type == "OUTPUT":
        return last is not None and last.type in _ENDS_CHAIN
    if word.type == "ZOO":
        return last is not None and last.type == "USE"
    if word.type == "OP":  # a definition: `op` is a name in a body
        return inside.word is None and _begins_statement(last)
    if word.type == "FROM":
        return inside.word is None and last is not None and last.type in ("NAME", "RPAR")
    if word.type == "SPREAD":
        is_first = before is not None and before.type in _BEGINS_ITEM
        is_part = last is not None and last.type == "RSQB"
        return inside.has_items and (is_first or is_part)
    return _begins_statement(last)


def _has_items(
    stack: Sequence[_Open], last: Word | None, before: Word | None, first: Word | None
) -> bool:
    """Whether a bracket that just opened behind some words holds items of a merge or a pack."""
    opened = stack[-1].word
    if opened is not None and opened.type == "LBRACE":
        return stack[-2].has_items
    if last is None or last.type != "EQUAL":
        return last is not None and last.type == "NAME" and last.text in MERGES
    return before is not None and before.type == "NAME" and _begins_statement(first)


def _begins_statement(before: Word | None) -> bool:
    """Whether a word behind `before` is the first one of a statement."""
    return before is None or before.type in ("NEWLINE", "LBRACE")


def _separator(newline: Word, before: Word | None, after: Word, inside: Word | None) -> Word | None:
    """What the newline between two words stands for, if for anything."""
    if before is None or before.type in _OPEN_ENDED or after.type in _GOES_ON:
        return None
    kind = "NEWLINE" if inside is None else _NEWLINES[inside.type]
    if kind is None or kind == after.type:
        return None
    return Word(newline.source, newline.start, newline.start + 1, kind)


_NEWLINES = {"LBRACE": "NEWLINE", "LSQB": "COMMA", "LPAR": None}


def _balance(stack: list[_Open], word: Word) -> None:
    """Opens and closes brackets, and keeps both their depth and the operators in bounds."""
    kind = word.type
    if kind in CLOSERS:
        stack.append(_Open(word))
        if len(stack) > MAX_NESTING:
            raise Mistake(errors.nested_too_deeply(word))
    elif kind in OPENERS:
        opener = stack[-1].word
        if opener is None or opener.type != OPENERS[kind]:
            raise Mistake(_mismatch(stack, word))
        closed = stack.pop()
        stack[-1].current += max(closed.most, closed.current) + (kind == "RSQB")  # an index
    elif kind == END and stack[-1].word is not None:
        raise Mistake(errors.unclosed_bracket(stack[-1].word, word, "the file ends here"))
    _count(stack[-1], word)


def _mismatch(stack: list[_Open], word: Word) -> Diagnostic:
    """A closer that fits a bracket further out leaves the innermost one open."""
    opener = stack[-1].word
    if opener is not None and closes_outer([outer.word for outer in stack if outer.word], word):
        return errors.unclosed_bracket(opener, word, f"`{word.text}` closes an outer bracket")
    return errors.unmatched_bracket(word, opener)


def closes_outer(opened: Sequence[Word], closer: Word) -> bool:
    """Whether a closer that does not fit the innermost bracket is that of one further out.

    A `]` or `)` in the line of the innermost one is not: it was mistaken for the other.
    """
    outer = [word for word in opened if word.type == OPENERS[closer.type]]
    if not outer or closer.type == "RBRACE":
        return bool(outer)
    return "\n" in between(opened[-1], closer) or "\n" not in between(outer[-1], closer)


def between(first: Span, second: Span) -> str:
    """The text between two places of one source."""
    return first.source.text[first.end : second.start]


def _count(inside: _Open, word: Word) -> None:
    """An upper bound of the depth of the tree that an expression becomes."""
    if word.type in OPERATORS or word.type == "IF":
        inside.current += 1
        if inside.current > _MAX_OPERATORS:
            raise Mistake(errors.nested_too_deeply(word))
    elif word.type in _SEPARATORS:
        inside.most = max(inside.most, inside.current)
        inside.current = 0
