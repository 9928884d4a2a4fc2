"""Where a cursor stands, from the words before it: also where the text does not parse."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from cnndsl.ops import MERGES
from cnndsl.source import Source
from cnndsl.syntax.scan import END, Allowance, Mistake, Word, scan

_LAST = re.compile(r"[A-Za-z_]\w*$", re.ASCII)
_STRING = re.compile(r'"[^"\n]*"')
_USE = re.compile(r'\s*use\b\s*(zoo\b\s*)?"([^"\n]*)$')
_CLOSERS = {"RPAR": "LPAR", "RSQB": "LSQB", "RBRACE": "LBRACE"}
_NAMING = frozenset(
    {
        "BLOCK",
        "MODEL",
        "FN",
        "STAGE",
        "AUX",
        "LET",
        "FOR",
        "AS",
        "OUTPUT",
        "SHARED",
        "PARAM",
        "CONSTANT",
        "OP",
    }
)
_DEFINING = frozenset({"BLOCK", "MODEL", "FN", "OP"})
_HEADS = ("block", "model", "fn", "op")  # at the margin they begin a definition, whatever is above


class Where(Enum):
    """What can stand at a place."""

    NOTHING = auto()  # a comment, a string, a name of the author's
    TOP = auto()  # a definition
    STATEMENT = auto()
    CHAIN = auto()  # an element
    VALUE = auto()
    ATTRIBUTE = auto()  # of a tensor
    BASE = auto()  # the model that a variant varies
    SETTING = auto()  # of `train` or `preprocess`


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose parentheses are open: what is called, and what was given before the cursor."""

    name: str
    given: tuple[str, ...]  # the names of named arguments
    position: int  # how many commas were passed
    argument: str | None  # the name of the argument in which the cursor is
    is_innermost: bool  # no other bracket is open in it


@dataclass(frozen=True, slots=True)
class Cursor:
    """The words before a cursor, from the definition around it on, without the one that it touches,
    which is the `prefix`.

    In the path of a `use`, `path` is what stands of it before the cursor.
    """

    words: tuple[Word, ...]
    prefix: str
    openers: tuple[int, ...]  # the indices of the brackets that are open
    is_inert: bool  # in a comment or a string
    path: str | None = None
    is_zoo: bool = False  # whether that path is of the zoo

    @property
    def call(self) -> Call | None:
        """The innermost call that is open, whatever brackets were opened in it."""
        for opener in reversed(self.openers):
            if self.words[opener].type == "LPAR":
                if opener and self.words[opener - 1].type == "NAME":
                    return _call(self.words, opener, opener == self.openers[-1])
            elif self.words[opener].type == "LBRACE":
                return None
        return None

    @property
    def settings(self) -> str | None:
        """`train`, `preprocess` or `op`, inside of its braces."""
        for opener in self.openers:
            before = self.words[opener - 1] if opener else None
            if before is not None and before.type in ("TRAIN", "PREPROCESS"):
                return before.text
            origin = self.words[opener - 2].type if opener > 1 else ""
            if before is not None and (before.type, origin) == ("STRING", "FROM"):
                return "op"
        return None

    @property
    def setting(self) -> str | None:
        """The name of the setting in whose line the cursor is."""
        if self.settings is None:
            return None
        line = len(self.words)
        while line and self.words[line - 1].type not in ("NEWLINE", "LBRACE"):
            line -= 1
        return self.words[line].text if line < len(self.words) else None

    @property
    def where(self) -> Where:
        last = self.words[-1] if self.words else None
        opener = self.words[self.openers[-1]] if self.openers else None
        if self.is_inert or (last is not None and last.type in _NAMING):
            return Where.NOTHING
        if last is not None and last.type == "STRING":  # nothing follows a path or a word
            return Where.NOTHING
        if last is not None and last.type == "DOT":
            return Where.ATTRIBUTE
        if opener is None:
            return _outside(last)
        if opener.type == "LPAR":
            return Where.VALUE
        if opener.type == "LSQB":
            fresh = last is opener or (last and last.type in ("COMMA", "NEWLINE", "ARROW"))
            return Where.CHAIN if fresh and self._lists_items() else Where.VALUE
        return self._in_braces(last or opener)

    def _lists_items(self) -> bool:
        """Whether the innermost bracket is that of a merge or of a pack."""
        before = self.words[max(0, self.openers[-1] - 3) : self.openers[-1]]
        if not before or before[-1].type != "EQUAL":
            return bool(before) and before[-1].text in MERGES
        begins = len(before) == 3 and before[0].type in ("NEWLINE", "LBRACE")
        return begins and before[1].type == "NAME"

    def _in_braces(self, last: Word) -> Where:
        fresh = last.type in ("LBRACE", "NEWLINE")
        if self.settings is not None:
            return Where.SETTING if fresh else Where.VALUE
        if fresh:
            return Where.STATEMENT
        if last.type == "ARROW" or last.text == "return":
            return Where.CHAIN
        is_let = len(self.words) > 2 and self.words[-3].type == "LET"
        return Where.CHAIN if last.type == "EQUAL" and not is_let else Where.VALUE


def _outside(last: Word | None) -> Where:
    if last is None or last.type == "NEWLINE":
        return Where.TOP
    return Where.BASE if last.type == "EQUAL" else Where.VALUE


def cursor(text: str, offset: int) -> Cursor:
    """The cursor at an offset of a text."""
    line = text.rfind("\n", 0, offset) + 1
    code = _STRING.sub("", text[line:offset])
    inert = "#" in code or '"' in code
    touched = _LAST.search(text[line:offset])
    prefix = touched[0] if touched and not inert else ""
    around = max(text.rfind(f"\n{head} ", 0, offset) for head in _HEADS) + 1
    words = tuple(tolerant(text[around : offset - len(prefix)]))
    openers: list[int] = []
    for index, word in enumerate(words):
        if word.type in _CLOSERS.values():
            openers.append(index)
        elif word.type in _CLOSERS:
            if openers and words[openers[-1]].type == _CLOSERS[word.type]:
                openers.pop()
        elif word.type in _DEFINING and (not index or words[index - 1].type == "NEWLINE"):
            openers.clear()  # what was not closed above is a mistake
    use = _USE.match(text[line:offset])
    path, is_zoo = (use[2], use[1] is not None) if use else (None, False)
    return Cursor(words, prefix, tuple(openers), inert, path, is_zoo)


def tolerant(text: str) -> Iterator[Word]:
    """The words of a text; what is none is left out."""
    try:
        for word in scan(Source("", text), Allowance(), []):
            if word.type != END:
                yield word
    except Mistake:  # more words than a spec may have
        return


def _call(words: Sequence[Word], opener: int, is_innermost: bool) -> Call:
    """The call that the parenthesis `opener` began."""
    given: list[str] = []
    argument: str | None = None
    position = depth = 0
    for index in range(opener + 1, len(words)):
        kind = words[index].type
        if kind in _CLOSERS.values():
            depth += 1
        elif kind in _CLOSERS:
            depth -= 1
        elif depth == 0 and kind == "COMMA":
            position += 1
            argument = None
        elif depth == 0 and kind == "EQUAL" and words[index - 1].type == "NAME":
            argument = words[index - 1].text
            given.append(argument)
    return Call(words[opener - 1].text, tuple(given), position, argument, is_innermost)


@dataclass(frozen=True, slots=True)
class Local:
    """Something that was named before a cursor: a `value`, a `tensor` or a `parameter`."""

    name: str
    kind: str


def local_names(at: Cursor) -> list[Local]:
    """What the definition around a cursor has named so far, the last one first."""
    words = at.words
    start = max((i for i, w in enumerate(words) if w.type in _DEFINING), default=len(words))
    found: dict[str, Local] = {}
    depth, is_head = 0, True
    for index in range(start, len(words)):
        word, before = words[index], words[index - 1] if index else None
        after = words[index + 1].type if index + 1 < len(words) else ""
        is_head = is_head and word.type != "LBRACE"
        depth += (word.type == "LPAR") - (word.type == "RPAR")
        if word.type == "NAMED_INPUT":
            found[word.text.split()[-1]] = Local(word.text.split()[-1], "tensor")
        if word.type != "NAME" or before is None:
            continue
        kind = None
        if is_head and depth == 1 and before.type in ("LPAR", "COMMA", "NEWLINE"):
            kind = "parameter"
        elif before.type in ("LET", "FOR"):
            kind = "value"
        elif before.type in ("AS", "OUTPUT", "STAGE", "AUX", "SHARED", "PARAM", "CONSTANT"):
            kind = "tensor"
        elif not is_head and depth == 0 and before.type in ("NEWLINE", "LBRACE"):
            kind = "tensor" if after in ("EQUAL", "COMMA") else None
        elif not is_head and depth == 0 and after == "EQUAL" and before.type == "COMMA":
            kind = "tensor"  # the last of `a, b = …`
        elif before.type == "COMMA" and _is_target(words, index):
            kind = "value"
        if kind is not None:
            found.pop(word.text, None)
            found[word.text] = Local(word.text, kind)
    return list(reversed(found.values()))


def _is_target(words: Sequence[Word], index: int) -> bool:
    """Whether a name is a further one of `for a, b in …`."""
    while index >= 2 and words[index - 1].type == "COMMA" and words[index - 2].type == "NAME":
        index -= 2
    return index >= 1 and words[index - 1].type == "FOR"
