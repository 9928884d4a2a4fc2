"""The shipped tables are those of the grammar."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cnndsl.syntax import tables


def test_tables_are_up_to_date():
    lark = pytest.importorskip("lark")
    assert lark
    from cnndsl.syntax import build

    assert build.render() == build.TABLES.read_text(encoding="utf-8"), (
        "cnn.lark has changed: run `python -m cnndsl.syntax.build`"
    )


def test_parsing_imports_no_lark():
    code = "import sys, cnndsl.syntax.parser; sys.exit('lark' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_keywords_are_those_of_the_language():
    keywords = "use model block fn input stage let for in if else aux expect train as and or not"
    values = "here true false none same valid nearest bilinear"
    assert sorted(tables.KEYWORDS) == sorted(f"{keywords} {values}".split())
