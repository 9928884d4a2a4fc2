"""Names of ops that came later give way to those of a spec."""

from pathlib import Path

import pytest

import cnndsl
from cnndsl.ops import ADDED, MERGES, OPS

LANGUAGE = Path(__file__).parents[2] / "docs" / "language.md"


def test_the_names_are_those_of_ops_and_listed():
    assert OPS.keys() | MERGES.keys() >= ADDED
    page = LANGUAGE.read_text(encoding="utf-8")
    listed = page.partition("give way to a spec's own, those of `")[2]
    assert set(listed.partition("`:")[0].split()) == ADDED


@pytest.mark.parametrize("name", sorted(ADDED))
def test_a_block_of_that_name_is_the_block(name):
    spec = f"block {name}(n) {{ conv(n, 3) }}\nmodel Net {{ input 8x8x3\n {name}(5) }}"
    (network,) = cnndsl.summarize(spec).summaries
    assert network.output == (8, 8, 5)


@pytest.mark.parametrize("name", sorted(ADDED))
def test_a_tensor_of_that_name_is_the_tensor(name):
    spec = f"model Net {{ input 8x8x3\n {name} = conv(5, 3)\n relu as r\n {name} }}"
    (network,) = cnndsl.summarize(spec).summaries
    assert network.output == (8, 8, 5)


def test_the_names_of_version_1_are_taken():
    (mistake,) = cnndsl.check("block relu6(n) { relu }\nmodel Net { input 8x8x3\n relu6 }")
    assert mistake.code == "E103"


def test_words_come_before_what_else_has_their_names():
    spec = """
    block gate(width) { reduce_mean(width) }
    block along(axis) { reduce_mean(axis) }
    model Net {
      input 8x6x3
      gate(4) : 8x1x3
      in -> along("height") : 1x6x3
    }
    """
    (network,) = cnndsl.summarize(spec).summaries
    assert network.output == (1, 6, 3)


def test_a_string_of_the_name_of_a_word_is_what_it_holds():
    spec = """
    block along(width) { reduce_mean(width) }
    model Net { input 8x6x3\n along("height") : 1x6x3 }
    """
    (network,) = cnndsl.summarize(spec).summaries
    assert network.output == (1, 6, 3)
