"""What a code means is shown by specs: the wrong one gets the code, the right one checks clean."""

from pathlib import Path

import pytest

from cnndsl.advice import EXPLANATIONS
from cnndsl.cli import main
from cnndsl.explanations import answer, examples, long_form
from cnndsl.explanations.document import reference

PAGE = Path(__file__).parents[1] / "docs" / "errors.md"


def test_every_code_has_an_example():
    assert list(examples()) == sorted(EXPLANATIONS)


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_the_wrong_spec_gets_the_code_and_the_right_one_none(code):
    example = examples()[code]
    # What asks classes is held against them in tests/brought.
    assert [found.code for found in example.found()] == ([] if example.module else [code])
    assert [found.message for found in example.left()] == []


@pytest.mark.parametrize("code", EXPLANATIONS)
def test_explain_shows_both_and_the_answer(code, capsys):
    assert main(["explain", code.lower()]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"{code}: {long_form(code)}")
    for line in (*examples()[code].right.splitlines(), *answer(examples()[code]).splitlines()):
        assert f"    {line}".rstrip() in said


def test_what_cannot_be_seen_is_said(capsys):
    for code, remark in (
        ("E001", "Wrong, saved as Latin-1:"),
        ("E003", "Wrong, with `relu` 400,000 times:"),
        ("W105", "Wrong, and in blocks.cnn: block unit(width)"),
    ):
        assert main(["explain", code]) == 0
        assert remark in capsys.readouterr().out


def test_the_page_is_made_from_the_same_text():
    assert PAGE.read_text(encoding="utf-8") == reference()  # python -m cnndsl.explanations.document
