"""What people write who come from PyTorch, Keras, Flax, Python and YAML, and what they are told.

A spec is `tests/errors/newcomers/NAME.cnn`. Its entry in expected.toml has the text under the caret
and words of the answer, as regular expressions, and what the line becomes by the edits of the
answers, one after the other.
"""

import re
import tomllib
from pathlib import Path

import pytest

import cnndsl
from cnndsl.diagnostics import Diagnostic
from cnndsl.fixes import fixes

FOLDER = Path(__file__).parent / "errors" / "newcomers"
EXPECTED = tomllib.loads((FOLDER / "expected.toml").read_text(encoding="utf-8"))
ROUNDS = 8  # of edits, for a spec with several mistakes


def spec(name: str) -> str:
    return (FOLDER / f"{name}.cnn").read_bytes().decode()


def checked(text: str) -> list[Diagnostic]:
    return cnndsl.check(text, warnings=True)


def edited(text: str, found: Diagnostic) -> str:
    for fix in fixes(found):
        text = text[: fix.span.start] + fix.text + text[fix.span.end :]
    return text


def repaired(text: str) -> str:
    """The text after the first edit that there is, again and again."""
    for _ in range(ROUNDS):
        found = next((each for each in checked(text) if fixes(each)), None)
        if found is None:
            break
        text = edited(text, found)
    return text


def said(found: Diagnostic) -> str:
    labels = [label.text for label in found.labels]
    return " ".join([found.message, found.primary.text, *found.notes, *labels, found.help or ""])


def test_every_spec_has_an_expectation():
    assert {path.stem for path in FOLDER.glob("*.cnn")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_answer_is_at_the_place_in_the_words_of_the_field(name):
    first, *more = checked(spec(name))
    assert re.fullmatch(EXPECTED[name]["at"], first.primary.span.text)
    assert re.search(EXPECTED[name]["says"], " ".join(map(said, [first, *more[:1]])))


@pytest.mark.parametrize("name", [name for name in EXPECTED if "becomes" in EXPECTED[name]])
def test_the_edits_make_the_line_right(name):
    left = repaired(spec(name))
    assert any(line in left for line in EXPECTED[name]["becomes"]), left


@pytest.mark.parametrize("name", EXPECTED)
def test_every_edit_leaves_a_mistake_less(name):
    text = spec(name)
    warned = not cnndsl.check(text)
    for found in cnndsl.check(text, warnings=warned):
        if fixes(found):
            left = cnndsl.check(edited(text, found), warnings=warned)
            before, after = (sum(map(is_syntax, each)) for each in (cnndsl.check(text), left))
            if before and after:  # of one statement, one after the other
                assert after < before or starts(left) > found.primary.span.start
            elif not before:
                assert len(left) < len(cnndsl.check(text, warnings=warned)), found.help


def is_syntax(found: Diagnostic) -> bool:
    return found.code.startswith("E0")


def starts(found: list[Diagnostic]) -> int:
    return min(each.primary.span.start for each in found)


@pytest.mark.parametrize("name", [name for name in EXPECTED if "becomes" not in EXPECTED[name]])
def test_what_only_the_author_knows_is_not_made_up(name):
    assert not any(map(fixes, checked(spec(name))))
