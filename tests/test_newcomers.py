"""What people write who come from PyTorch, Keras, Flax, Python and YAML, and what they are told.

A spec is `tests/errors/newcomers/NAME.cnn`, or one of the other sets, which
were written from the list of ops alone. Its entry in expected.toml has the text under the caret
and words of the answer, as regular expressions, and what the line becomes by the edits of the
answers, one after the other.
"""

import re
import tomllib
from pathlib import Path

import pytest

import cnndsl
from cnndsl import elsewhere
from cnndsl.diagnostics import Diagnostic
from cnndsl.fixes import edited, fixes
from cnndsl.ops import MERGES, OPS
from cnndsl.suggest import closest

SETS = (
    "newcomers",
    "strangers",
    "visitors",
    "guests",
    "travellers",
    "passengers",
    "voyagers",
    "settlers",
    "arrivals",
    "pilgrims",
    "sojourners",
    "wayfarers",
    "novices",
    "drifters",
    "beginners",
)
FOLDERS = [Path(__file__).parent / "errors" / name for name in SETS]
EXPECTED = {
    f"{folder.name}/{name}": entry
    for folder in FOLDERS
    for name, entry in tomllib.loads((folder / "expected.toml").read_text("utf-8")).items()
}
USED = str(FOLDERS[0].parent / "used")  # has the files that some of them name
ROUNDS = 8  # of edits, for a spec with several mistakes


def spec(name: str) -> str:
    return (FOLDERS[0].parent / f"{name}.cnn").read_bytes().decode()


def checked(text: str) -> list[Diagnostic]:
    return cnndsl.check(text, warnings=True)


def repaired(text: str) -> str:
    """The text after the first edit that there is, again and again."""
    for _ in range(ROUNDS):
        found = next((each for each in checked(text) if fixes(each)), None)
        if found is None:
            break
        text = edited(text, fixes(found))
    return text


def said(found: Diagnostic) -> str:
    labels = [label.text for label in found.labels]
    helps = [found.help or "", found.table or ""]
    return " ".join([found.message, found.primary.text, *found.notes, *labels, *helps])


def test_every_spec_has_an_expectation():
    found = {f"{folder.name}/{path.stem}" for folder in FOLDERS for path in folder.glob("*.cnn")}
    assert found == set(EXPECTED)


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
    warned = not cnndsl.check(text, folder=USED)
    before = cnndsl.check(text, folder=USED, warnings=warned)
    for found in before:
        if fixes(found):
            left = cnndsl.check(edited(text, fixes(found)), folder=USED, warnings=warned)
            assert len(left) < len(before), found.help


@pytest.mark.parametrize("name", [name for name in EXPECTED if "becomes" not in EXPECTED[name]])
def test_what_only_the_author_knows_is_not_made_up(name):
    assert not any(map(fixes, checked(spec(name))))


# --- docs/coming-from.md ------------------------------------------------------------------------

PAGE = (Path(__file__).parents[1] / "docs" / "coming-from.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (.*) \| (.*) \| (.*) \| `(\w+)[^`]*` \|$", PAGE, re.MULTILINE)
LAYERS = [
    (name, op) for *cells, op in ROWS for cell in cells for name in re.findall(r"^`(\w+)", cell)
]
ARGUMENTS = [
    (name, PAGE[found.end() :].partition("\n")[0])
    for found in re.finditer(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| ", PAGE, re.MULTILINE)
    for name in re.findall(r"`(\w+)`", found[1])
]
GROUPED = {("Conv2d", "depthwise"), ("Conv", "depthwise")}  # by an argument


@pytest.mark.parametrize(("name", "op"), LAYERS)
def test_a_layer_of_the_page_is_answered_as_it_says(name, op):
    meant = closest(name, {*OPS, *MERGES, "here"})
    assert meant == op or (name, op) in GROUPED


def test_the_page_has_layers_and_arguments():
    assert len(LAYERS) > 40
    assert {name for name, _ in ARGUMENTS} >= {"strides", "use_bias", "epsilon"}


@pytest.mark.parametrize(("name", "said"), ARGUMENTS)
def test_an_argument_of_the_page_is_known_as_it_says(name, said):
    known = elsewhere.ARGUMENTS.get(name)
    assert known is None or any(f"`{meant}`" in said for meant in known)
