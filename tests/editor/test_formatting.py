"""The layout that an editor asks for is that of `cnndsl fmt`, made of what is known already."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from cnndsl.editor.layout import formatted, laid_out, paragraphs
from cnndsl.format import format_source
from cnndsl.source import Source
from tests.editor.long import SPECS, distinct
from tests.format.test_layout import remarked, stretched
from tests.writing import Writer

CORNERS = sorted((Path(__file__).parents[1] / "corners").glob("*.cnn"))


def check(text: str) -> None:
    """With blank lines anywhere between lines, too."""
    assert formatted("spec.cnn", text) == format_source(Source("spec.cnn", text)).text


@pytest.mark.parametrize("path", [*SPECS[::2], *CORNERS[::4]], ids=lambda path: path.stem)
def test_a_spec(path: Path):
    text, random = path.read_text(encoding="utf-8"), Random(path.stem)
    check(text)
    check(remarked(stretched(text, random), random, 0.1))


@pytest.mark.parametrize("first", range(0, 20, 10))
def test_random_specs(first: int):
    for seed in range(first, first + 10):
        text, random = Writer(Random(seed)).spec(), Random(seed)
        check(text)
        check(remarked(text, random, 0.3))
        lines = text.split("\n")
        check("\n".join(line + "\n" * (random.random() < 0.2) for line in lines))
        check("\n".join(line.lstrip() for line in lines))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n \n",
        "# a",
        "# a\n\n# b\n\n\nblock b { relu }  # c\n# d\n\n# e\n",
        "\n\nblock a { relu }\n \n\t\nblock b {\n\nrelu\n\n}\n\n",
        'use "a.cnn"\r\n\r\nblock a { relu }\r\n',
        "block a {",
        "block a { relu }\n\n}",
        "block a {\n\nblock b { relu }\n\n}",
    ],
)
def test_any_text(text: str):
    plain = text.replace("\r\n", "\n")
    assert formatted("spec.cnn", text) == format_source(Source("spec.cnn", plain)).text


def test_what_was_laid_out_is_not_laid_out_again():
    text = distinct(path.read_text(encoding="utf-8") for path in SPECS[:6])
    assert len(paragraphs(text)) > 20
    before = formatted("spec.cnn", text)
    known = laid_out.cache_info().misses
    assert formatted("spec.cnn", f"{text}\nblock last {{ relu }}\n") == (
        f"{before}\nblock last {{ relu }}\n"
    )
    assert laid_out.cache_info().misses == known + 2  # what was the last paragraph ends otherwise
