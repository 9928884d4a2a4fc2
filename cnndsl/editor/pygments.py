"""A lexer for Pygments: colours for `.cnn` in documentation and in terminals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pygments.lexer import RegexLexer, bygroups, words
from pygments.token import (
    Comment,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.values import ATTRIBUTES
from cnndsl.ops import MERGES, OPS
from cnndsl.syntax import tables

_CONSTANTS = ("true", "false", "none", "same", "valid", "nearest", "bilinear")
_TENSORS = ("in", "here")
_OPERATORS = ("and", "or", "not")
_KEYWORDS = sorted(set(tables.KEYWORDS) - {*_CONSTANTS, *_TENSORS, *_OPERATORS})
_NAME = r"[A-Za-z_]\w*"


class CnnLexer(RegexLexer):
    """Words as the language has them; what an op or a function is called counts as built in."""

    name = "cnndsl"
    aliases: ClassVar[Sequence[str]] = ["cnn", "cnndsl"]
    filenames: ClassVar[Sequence[str]] = ["*.cnn"]
    mimetypes: ClassVar[Sequence[str]] = ["text/x-cnn"]

    tokens: ClassVar[dict[str, list[tuple[object, ...]]]] = {
        "root": [
            (r"\s+", Whitespace),
            (r"#.*", Comment.Single),
            (r'"[^"\n]*"', String.Double),
            (rf"(block|model)([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Class)),
            (rf"(fn)([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Function)),
            (
                rf"(op)([ \t]+)({_NAME})(?=[ \t]*(?:[({{]|from\b))",
                bygroups(Keyword, Whitespace, Name.Function),
            ),
            (r'from(?=[ \t]*")', Keyword),
            (rf"(stage|aux)([ \t]+)({_NAME})", bygroups(Keyword, Whitespace, Name.Label)),
            (rf"(shared|output)(?=[ \t]+{_NAME})", Keyword),
            (rf"(param|constant)(?=[ \t]+{_NAME}[ \t]*=)", Keyword),
            (r"preprocess(?=[ \t]*\{)", Keyword),
            (r'zoo(?=[ \t]*")', Keyword),
            (r"\breturn(?=[ \t]+[A-Za-z_{])", Keyword),
            (
                r"(within)([ \t]+)([\d.eE+-]+)([ \t]*)(%)",
                bygroups(Keyword, Whitespace, Number, Whitespace, Operator),
            ),
            (words(_KEYWORDS, prefix=r"\b", suffix=r"\b"), Keyword),
            (words(_OPERATORS, prefix=r"\b", suffix=r"\b"), Operator.Word),
            (words(_CONSTANTS, prefix=r"\b", suffix=r"\b"), Keyword.Constant),
            (words(_TENSORS, prefix=r"\b", suffix=r"\b"), Name.Builtin.Pseudo),
            (rf"(\.)({'|'.join((*ATTRIBUTES, 'shape'))})\b", bygroups(Operator, Name.Property)),
            (rf"({_NAME})([ \t]*)(=)(?!=)", bygroups(Name.Variable, Whitespace, Operator)),
            (words((*OPS, *MERGES, *FUNCTIONS), prefix=r"\b", suffix=r"\b"), Name.Builtin),
            (_NAME, Name),
            (r"\d+(x\d+)+\b", Number.Integer),
            (r"\d+(_\d+)*(\.\d+)?[kKMGBT]\b", Number),
            (r"\d+(_\d+)*(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)", Number.Float),
            (r"\d+(_\d+)*", Number.Integer),
            (r"->|\.\.|[=!<>]=|//|\*\*|[-+*/%<>=.]", Operator),
            (r"[{}()\[\],:]", Punctuation),
        ],
    }
