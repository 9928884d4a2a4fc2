"""Whatever the text: a tree or a short diagnostic, never an exception."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cnndsl.source import Source
from cnndsl.syntax import tables
from cnndsl.syntax.decode import decode
from cnndsl.syntax.parser import parse
from cnndsl.syntax.scan import END, Mistake, scan
from tests.syntax.specs import ALL

PIECES = [
    *tables.KEYWORDS,
    *tables.SYMBOLS,
    "x",
    "conv",
    "3",
    "0.5",
    "3x3",
    '"s"',
    "\n",
    " ",
    "# c\n",
]
PIECES += ["within 1%", "=>", "x 3", "é", "\\", "'", '"']


def check(text: str) -> None:
    source = Source("fuzz.cnn", text)
    spec, diagnostics = parse(source)
    assert (spec is None) == bool(diagnostics)
    for diagnostic in diagnostics:
        said = [diagnostic.message, diagnostic.help or "", diagnostic.primary.text]
        said += [label.text for label in diagnostic.labels]
        assert sum(map(len, said)) < 400
        assert "".join(said).isprintable()
        for label in (diagnostic.primary, *diagnostic.labels):
            assert label.span.source is source
            assert 0 <= label.span.start <= label.span.end <= len(text)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_words_in_any_order(pieces):
    check(" ".join(pieces))
    check("block a() {\n" + " ".join(pieces) + "\n}\n")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
@example(";0\x1b")
def test_any_text(text):
    check(text)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes(data):
    source, diagnostics = decode("fuzz.cnn", data)
    assert (source is None) == bool(diagnostics)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(ALL), st.data())
def test_mutated_specs(text, data):
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        text = text[:start] + data.draw(st.sampled_from(["", *PIECES])) + text[end:]
    check(text)


@pytest.mark.parametrize("text", [*ALL[:2], pytest.param(ALL[2], marks=pytest.mark.slow)])
def test_any_word_missing_or_out_of_place(text):
    words = list(scan(Source("fuzz.cnn", text)))
    for index, word in enumerate(words):
        check(text[: word.start] + text[word.end :])
        piece = PIECES[index % len(PIECES)]
        check(f"{text[: word.start]} {piece} {text[word.end :]}")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(ALL), st.integers(0, 10_000))
def test_truncated_specs(text, length):
    check(text[:length])


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='ab1_.x"#\n\t ->=*[]', max_size=80))
def test_words_and_gaps_cover_the_text(text):
    source = Source("fuzz.cnn", text)
    position = 0
    try:
        for word in scan(source):
            gap = text[position : word.start]
            assert not gap.strip() or gap.lstrip().startswith("#")
            position = word.end
            assert word.type == END or word.text
    except Mistake:
        return
    assert position == len(text)
