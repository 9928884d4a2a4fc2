"""The lexer knows every word of every spec."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, String

from cnndsl.editor.pygments import CnnLexer

ROOT = Path(__file__).parents[2]
FOLDERS = ("specs", "tests/corners", "tests/golden", "tests/networks", "tests/warnings")
SPECS = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.cnn"))


@pytest.mark.parametrize("path", SPECS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_word_is_unknown(path: Path):
    text = path.read_text(encoding="utf-8")
    tokens = list(CnnLexer(stripnl=False, ensurenl=False).get_tokens(text))
    assert "".join(value for _, value in tokens) == text
    assert [value for kind, value in tokens if kind is Error] == []


def test_words_are_what_they_are():
    text = 'block b(n) { conv(n, 3x3) -> relu } # a\nmodel M = B(x = "y") { expect params 25.6M }'
    found = {value: kind for kind, value in CnnLexer().get_tokens(text)}
    assert {value: found[value] for value in ("block", "b", "conv", "3x3", "x", '"y"')} == {
        "block": Keyword,
        "b": Name.Class,
        "conv": Name.Builtin,
        "3x3": Number.Integer,
        "x": Name.Variable,
        '"y"': String.Double,
    }
    assert found["# a"] is Comment.Single
    assert found["25.6M"] is Number


def test_pygments_finds_it_by_its_entry_point():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, name = project["entry-points"]["pygments.lexers"]["cnndsl"].partition(":")
    assert getattr(import_module(module), name) is CnnLexer
