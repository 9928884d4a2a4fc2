"""The terminals of the grammar in an author's words."""

from __future__ import annotations

from cnndsl.errors import shown
from cnndsl.syntax import tables
from cnndsl.syntax.layout import OPERATORS
from cnndsl.syntax.scan import END, Word

TEXTS = {name: text for text, name in (tables.KEYWORDS | tables.SYMBOLS).items()}
_PLAIN = "preprocess shared op from param constant return zoo output"
TEXTS |= {word.upper(): word for word in _PLAIN.split()}
TEXTS |= {"SPREAD": "..", "NAMED_INPUT": "input NAME"}
KEYWORDS = frozenset(tables.KEYWORDS.values())
CONSTANTS = frozenset({"SAME", "VALID", "NEAREST", "BILINEAR"})
NUMBERS = frozenset({"INTEGER", "FLOAT", "SIZE"})
LITERALS = NUMBERS | CONSTANTS | {"STRING", "TRUE", "FALSE", "NONE"}
ELEMENTS = frozenset({"NAME", "HERE", "IN"})
VALUES = LITERALS | ELEMENTS | {"NOT", "MINUS", "PLUS", "LPAR", "LSQB"}
STATEMENTS = frozenset(
    "INPUT SHARED PARAM CONSTANT LET STAGE FOR IF AUX EXPECT TRAIN PREPROCESS RETURN".split()
)
DEFINITIONS = frozenset({"USE", "FN", "BLOCK", "MODEL", "OP"})

_MOST = 4  # a longer list of possibilities is not read
_GROUPS = (
    (STATEMENTS | ELEMENTS | {"LBRACE"}, "a statement"),
    (ELEMENTS | {"LBRACE", "FOR", "IF"}, "an item"),
    (ELEMENTS | {"LBRACE"}, "an element of a chain"),
    (VALUES - {"NOT"}, "a value"),
    (frozenset({"INTEGER", "FLOAT", "NAME"}), "a count"),
)
_NAMES = {
    "NAME": "a name",
    "STRING": "a string",
    "INTEGER": "a number",
    "FLOAT": "a number",
    "SIZE": "a size",
    "TOLERANCE": "`within 1%`",
    "ROUNDED": "a count such as 25.6M",
    "NEWLINE": "the end of the line",
    END: "the end of the file",
}
# What may always follow, and is seldom meant.
_UNSAID = OPERATORS | {"ROUNDED", "TOLERANCE", "AS", "IF", "LPAR", "LSQB", "SPREAD"}


def expected(accepted: frozenset[str]) -> str:
    """What could have stood there, in a few words: `a name or "]"`."""
    left = {"NAME" if kind in ("PICK", "JOIN") else kind for kind in accepted}
    phrases = []
    for members, phrase in _GROUPS:
        if members <= left:
            phrases.append(phrase)
            left -= members | {"NOT"}
    said = left - _UNSAID or (set() if phrases else left)
    for kind in sorted(said, key=lambda kind: (kind in KEYWORDS, kind)):
        phrases.append(_NAMES.get(kind) or f"`{TEXTS[kind]}`")
    *most, last = dict.fromkeys(phrases[:_MOST])
    return f"{', '.join(most)} or {last}" if most else last


def found(word: Word) -> str:
    """The word that stands there instead."""
    if word.type in ("NEWLINE", END) or word.text == "\n":
        return "the end of the file" if word.type == END else "the end of the line"
    if word.type in CONSTANTS:
        return f"the value `{word.text}`"
    if word.type in KEYWORDS:
        return f"the keyword `{word.text}`"
    return f"`{shown(word.text)}`"
