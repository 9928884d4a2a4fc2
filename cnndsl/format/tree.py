"""Words to a tree of brackets: statements in braces, items in the others.

The tree knows no expression: what stands between two separators is a row of atoms, so that new
syntax of expressions needs nothing here. What tokens alone cannot tell comes from the AST.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from cnndsl.format.pieces import Gap, Piece, pieces, spelling
from cnndsl.source import Span
from cnndsl.syntax import ast
from cnndsl.syntax.expected import DEFINITIONS, LITERALS, STATEMENTS
from cnndsl.syntax.layout import CLOSERS
from cnndsl.syntax.scan import END, Word
from cnndsl.syntax.walk import walk

OPERANDS = LITERALS | {"NAME", "HERE", "IN"}  # words that end an operand
_HEADED = (STATEMENTS | DEFINITIONS) - {
    "INPUT",
    "LET",
    "SHARED",
    "PARAM",
    "CONSTANT",
    "EXPECT",
}  # they have bodies
_SETTINGS = frozenset({"TRAIN", "PREPROCESS", "OP"})


class Kind(Enum):
    """A kind of bracket; the last two characters of a value are its opener and its closer."""

    BRACE = "{}"
    MERGE = "add []"
    LIST = "[]"
    INDEX = "a[]"
    PAREN = "()"

    @property
    def opener(self) -> str:
        return self.value[-2]

    @property
    def closer(self) -> str:
        return self.value[-1]


@dataclass(slots=True, eq=False)
class Leaf:
    """A word; `label` for what an `expect` asserts and for the name of a setting."""

    text: str
    kind: str
    gap: Gap
    unary: bool = False
    label: bool = False


@dataclass(slots=True, eq=False)
class Bracket:
    """A bracket with what it holds; `last` is the gap before its closer."""

    kind: Kind
    gap: Gap
    items: list[Item] = field(default_factory=list)
    last: Gap = field(default_factory=Gap)
    calls: bool = False  # directly behind what it belongs to: a call or an index
    is_body: bool = False  # of a definition or a statement, not a group
    width: int = 0  # in one line; measure.py


Atom = Leaf | Bracket


@dataclass(slots=True, eq=False)
class Item:
    """A statement, a definition, an argument or an item of a list.

    `atoms` are its words and brackets up to the colon of an asserted shape; `shape` are those
    behind it.
    """

    atoms: list[Atom] = field(default_factory=list)
    shape: list[Atom] = field(default_factory=list)
    width: int = 0  # in one line; measure.py

    @property
    def gap(self) -> Gap:
        return self.atoms[0].gap

    @property
    def head(self) -> str:
        """The type of its first word."""
        first = self.atoms[0]
        return first.kind if isinstance(first, Leaf) else ""


@dataclass(frozen=True)
class _Places:
    """Offsets that the AST knows."""

    merges: frozenset[int]  # the name before the bracket
    packs: frozenset[int]  # the bracket
    indices: frozenset[int]  # the end of what is indexed
    unary: frozenset[int]
    shapes: frozenset[int]  # where an asserted shape begins


def tree(spec: ast.Spec, words: Iterable[Word]) -> Bracket:
    """The definitions of a spec, as if braces stood around the file; `words` are all of it."""
    builder = _Builder(_places(spec))
    for piece in pieces(words):
        builder.take(piece)
    return builder.open[0].bracket


def _places(spec: ast.Spec) -> _Places:
    nodes = [node for definition in spec.definitions for node in walk(definition)]
    suffixed = [n for n in nodes if isinstance(n, ast.Run | ast.Bind | ast.Stage)]
    return _Places(
        frozenset(n.name_span.start for n in nodes if isinstance(n, ast.Merge)),
        frozenset(n.opener.start for n in nodes if isinstance(n, ast.Pack)),
        frozenset(n.base.span.end for n in nodes if isinstance(n, ast.Index)),
        frozenset(n.span.start for n in nodes if isinstance(n, ast.Unary)),
        frozenset(
            [
                *(n.shape.span.start for n in suffixed if n.shape),
                *(n.value.span.start for n in nodes if isinstance(n, ast.Expect) and n.of),
            ]
        ),
    )


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet, and the item that is being built."""

    bracket: Bracket
    item: Item | None = None
    comma: Gap | None = None  # before the comma, which moves up to the item before it
    arrow: Gap | None = None  # before the arrow, which moves down to the element behind it
    end: Span | None = None  # the last word
    has_items: bool = False  # braces in an item list

    @property
    def separates(self) -> bool:
        """Whether a comma ends an item here, and is not between the names of a `for`."""
        if self.bracket.kind is Kind.BRACE and not self.has_items:
            return False
        atoms = self.item.atoms if self.item and self.item.head == "FOR" else ()
        kinds = {atom.kind for atom in atoms if isinstance(atom, Leaf)}
        return not kinds or "IN" in kinds

    @property
    def before(self) -> Atom | None:
        """The last atom of the item that is being built."""
        atoms = (self.item.shape or self.item.atoms) if self.item else []
        return atoms[-1] if atoms else None


class _Builder:
    def __init__(self, places: _Places):
        self.places = places
        self.open = [_Open(Bracket(Kind.BRACE, Gap()))]

    def take(self, piece: Piece) -> None:
        word, inside = piece.word, self.open[-1]
        if piece.separated:
            inside.item = None
        if inside.comma is not None:
            inside.comma.absorb(piece.gap)
            piece = Piece(word, inside.comma, piece.separated)
        if inside.arrow is not None:
            inside.arrow.absorb(piece.gap)
            piece = Piece(word, Gap(), piece.separated)
        inside.comma = inside.arrow = None
        if word.type == END:
            inside.bracket.last = piece.gap
        elif word.type in CLOSERS:
            self.opened(piece)
        elif word.type in CLOSERS.values():
            self.closed(piece)
        elif word.type == "COMMA" and inside.separates:
            inside.item = None
            inside.comma = piece.gap
        else:
            self.leaf(piece)
        inside.end = word

    def leaf(self, piece: Piece) -> None:
        word, inside = piece.word, self.open[-1]
        leaf = Leaf(spelling(word), word.type, piece.gap)
        leaf.unary = word.start in self.places.unary or (
            word.type in ("MINUS", "PLUS") and not _ends_operand(inside.before)
        )
        leaf.label = self.is_label()
        self.add(leaf, word)
        if word.type == "ARROW":
            inside.arrow = piece.gap

    def is_label(self) -> bool:
        before = self.open[-1].before
        if before is not None:
            return isinstance(before, Leaf) and before.kind == "EXPECT"
        around = self.open[-2].item if len(self.open) > 1 else None
        return around is not None and around.head in _SETTINGS

    def opened(self, piece: Piece) -> None:
        word, inside = piece.word, self.open[-1]
        kind = self.kind(piece)
        bracket = Bracket(kind, piece.gap)
        bracket.calls = kind is Kind.INDEX or (kind is Kind.PAREN and _is_called(inside.before))
        self.add(bracket, word)
        head = inside.item.head if inside.item else ""
        bracket.is_body = kind is Kind.BRACE and head in _HEADED
        is_in_items = inside.bracket.kind is Kind.MERGE or inside.has_items
        self.open.append(_Open(bracket, has_items=bracket.is_body and is_in_items))

    def kind(self, piece: Piece) -> Kind:
        word, inside = piece.word, self.open[-1]
        if word.type != "LSQB":
            return Kind.BRACE if word.type == "LBRACE" else Kind.PAREN
        before, end = inside.before, inside.end
        if before is None or end is None:
            return Kind.LIST
        if end.start in self.places.merges or word.start in self.places.packs:
            return Kind.MERGE
        if end.end in self.places.indices:
            return Kind.INDEX
        return Kind.INDEX if end.end == word.start and _is_called(before) else Kind.LIST

    def closed(self, piece: Piece) -> None:
        done = self.open.pop()
        done.bracket.last = piece.gap
        self.open[-1].end = piece.word

    def add(self, atom: Atom, word: Word) -> None:
        inside = self.open[-1]
        if inside.item is None:
            inside.item = Item()
            inside.bracket.items.append(inside.item)
        item, before = inside.item, inside.before
        colon = isinstance(before, Leaf) and before.kind == "COLON"
        if colon and not item.shape and word.start in self.places.shapes:
            item.atoms.pop()
            item.shape.append(atom)
        else:
            (item.shape or item.atoms).append(atom)


def _ends_operand(atom: Atom | None) -> bool:
    return isinstance(atom, Bracket) or (atom is not None and atom.kind in OPERANDS)


def _is_called(atom: Atom | None) -> bool:
    """Whether parentheses or brackets behind it belong to it."""
    if isinstance(atom, Bracket):
        return atom.kind is not Kind.BRACE
    return atom is not None and atom.kind == "NAME" and not atom.label
