"""The grammar by which VS Code and others colour `.cnn`, from the words of the language.

python -m cnndsl.editor.textmate > editors/vscode/syntaxes/cnn.tmLanguage.json
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from cnndsl.elaborate.functions import FUNCTIONS
from cnndsl.elaborate.values import ATTRIBUTES
from cnndsl.ops import MERGES, OPS
from cnndsl.syntax import tables

if TYPE_CHECKING:
    from cnndsl.plain import Json

_NAME = "[A-Za-z_][A-Za-z0-9_]*"
_CONTROL = ("if", "else", "for")
_DECLARING = ("use", "fn", "block", "model")
_LOGIC = ("and", "or", "not")
_CONSTANTS = ("true", "false", "none", "same", "valid", "nearest", "bilinear")
_TENSORS = ("in", "here")
_OTHER = frozenset(tables.KEYWORDS) - {*_CONTROL, *_DECLARING, *_LOGIC, *_CONSTANTS, *_TENSORS}


def grammar() -> dict[str, Json]:
    """The grammar as data; of rules that match at one place, the first one counts."""
    rules: dict[str, list[Json]] = {
        "comment": [_rule("comment.line.number-sign", "#.*$")],
        "string": [_rule("string.quoted.double", '"[^"]*"')],
        "definition": [
            _parts(rf"\b(block|model)\s+({_NAME})", "keyword.declaration", "entity.name.type"),
            _parts(rf"\b(fn)\s+({_NAME})", "keyword.declaration", "entity.name.function"),
            _parts(
                rf"\b(op)\s+({_NAME})(?=\s*(?:[({{]|from\b))",
                "keyword.declaration",
                "entity.name.function",
            ),
            _rule("keyword.declaration", r'\bfrom(?=\s*")'),
        ],
        "statement": [
            _parts(rf"\b(stage|aux)\s+({_NAME})", "keyword.declaration", "entity.name.section"),
            _rule("keyword.declaration", rf"\b(?:shared|output)(?=\s+{_NAME})"),
            _rule("keyword.declaration", rf"\b(?:param|constant)(?=\s+{_NAME}\s*=)"),
            _rule("keyword.declaration", r'\bzoo(?=\s*")'),
            _rule("keyword.control", r"\breturn(?=\s+[A-Za-z_{])"),
            _rule("keyword.declaration", r"\bpreprocess(?=\s*\{)"),
            _parts(
                r"\b(within)\s+([0-9.eE+-]+)\s*(%)",
                "keyword.other",
                "constant.numeric",
                "keyword.operator",
            ),
        ],
        "keyword": [
            _rule("keyword.control", _words(_CONTROL)),
            _rule("keyword.declaration", _words(_DECLARING)),
            _rule("keyword.other", _words(_OTHER)),
            _rule("keyword.operator.word", _words(_LOGIC)),
            _rule("constant.language", _words(_CONSTANTS)),
            _rule("variable.language", _words(_TENSORS)),
        ],
        "argument": [
            _parts(rf"\b({_NAME})\s*(=)(?!=)", "variable.parameter", "keyword.operator.assignment")
        ],
        "attribute": [
            _parts(
                rf"(?<!\.)(\.)({'|'.join(sorted((*ATTRIBUTES, 'shape')))})\b",
                "punctuation.accessor",
                "variable.other.property",
            )
        ],
        "builtin": [
            _rule("support.function.op", _words(OPS)),
            _rule("support.function.merge", _words(MERGES)),
            _rule("support.function", _words(FUNCTIONS)),
        ],
        "call": [_rule("entity.name.function.call", rf"\b{_NAME}(?=\()")],
        "number": [
            _rule("constant.numeric.size", r"\b[0-9]+(?:x[0-9]+)+\b"),
            _rule("constant.numeric.rounded", r"\b[0-9]+(?:_[0-9]+)*(?:\.[0-9]+)?[kKMGBT]\b"),
            _rule(
                "constant.numeric.float",
                r"\b[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:[eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)",
            ),
            _rule("constant.numeric.integer", r"\b[0-9]+(?:_[0-9]+)*\b"),
        ],
        "operator": [
            _rule("keyword.operator.arrow", "->"),
            _rule("keyword.operator", r"\.\.|[=!<>]=|//|\*\*|[-+*/%<>=]"),
        ],
        "punctuation": [
            _rule("punctuation.bracket", r"[{}()\[\]]"),
            _rule("punctuation.separator", "[,:.]"),
        ],
        "name": [_rule("variable.other", rf"\b{_NAME}\b")],
    }
    return {
        "name": "cnndsl",
        "scopeName": "source.cnn",
        "patterns": [{"include": f"#{name}"} for name in rules],
        "repository": {name: {"patterns": patterns} for name, patterns in rules.items()},
    }


def _words(words: Iterable[str]) -> str:
    return rf"\b(?:{'|'.join(sorted(words))})\b"


def _rule(scope: str, match: str) -> Json:
    return {"name": f"{scope}.cnn", "match": match}


def _parts(match: str, *scopes: str) -> Json:
    """A rule whose groups have scopes of their own."""
    captures: dict[str, Json] = {
        str(number): {"name": f"{scope}.cnn"} for number, scope in enumerate(scopes, 1)
    }
    return {"match": match, "captures": captures}


if __name__ == "__main__":
    print(json.dumps(grammar(), indent=2))
