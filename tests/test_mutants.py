"""Broken specs: words and lines deleted, doubled, swapped or spliced in from another spec.

Whatever comes out, `check` and `fmt` end soon, with 0 or 1, and say something for each 1.
"""

import io
import os
import sys
import time
from contextlib import redirect_stderr, redirect_stdout
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest

from cnndsl.cli import main
from cnndsl.format import format_source
from cnndsl.source import Source
from cnndsl.syntax.decode import decode_text
from cnndsl.syntax.scan import Mistake, scan

ROOT = Path(__file__).parents[1]
PATHS = sorted([*(ROOT / "specs").glob("*.cnn"), *(ROOT / "tests").glob("*/*.cnn")])
TEXTS = [path.read_bytes().decode("utf-8", "replace") for path in PATHS]
SMALL = [text for text in TEXTS if len(text) < 1_000]
# Of people who do not know the language: other notations are read by other means.
FOREIGN = [
    path.read_bytes().decode("utf-8", "replace")
    for path in sorted((ROOT / "tests" / "errors").glob("*/*.cnn"))
]
# Of the processor; beside another worker on the same core they count for less.
SECONDS = 3.0 if "PYTEST_XDIST_WORKER" in os.environ else 2.0


def pieces(text: str) -> list[str]:
    """A text cut at its words; joined, they are the text."""
    ends = [0]
    try:
        for word in scan(Source("spec.cnn", text)):
            ends += [word.start, word.end]
    except Mistake:
        pass
    ends.append(len(text))
    return [text[a:b] for a, b in pairwise(ends)]


def mutant(random: Random, texts: list[str]) -> str:
    text = random.choice(texts)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        parts = text.splitlines(keepends=True) if random.random() < 0.3 else pieces(text)
        text = "".join(changed(parts or [""], random, texts))
    return text


def changed(parts: list[str], random: Random, texts: list[str]) -> list[str]:
    first = random.randrange(len(parts))
    last = min(len(parts), first + random.choice((1, 1, 2, 3, 8)))
    chosen = parts[first:last]
    match random.choice(("delete", "double", "swap", "splice")):
        case "delete":
            return parts[:first] + parts[last:]
        case "double":
            return parts[:last] + chosen + parts[last:]
        case "swap":
            other = random.randrange(len(parts))
            parts = list(parts)
            parts[first], parts[other] = parts[other], parts[first]
            return parts
    foreign = pieces(random.choice(texts))
    start = random.randrange(len(foreign))
    return parts[:first] + foreign[start : start + random.choice((1, 3, 20))] + parts[last:]


@pytest.fixture(autouse=True)
def no_project(tmp_path, monkeypatch):
    """A folder whose project is not read for every text."""
    monkeypatch.chdir(tmp_path)


def answer(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    start = time.process_time()
    code, said = called(["check", "-"], text, monkeypatch)
    assert code in (0, 1), said
    assert (code == 1) == ("error[" in said), said
    assert time.process_time() - start < SECONDS
    start = time.process_time()
    source, _ = decode_text("spec.cnn", text)
    if source is not None:
        result = format_source(source)
        assert (result.text is None) == bool(result.diagnostics)
        if result.text is not None:
            assert format_source(Source("spec.cnn", result.text)).text == result.text
    assert time.process_time() - start < SECONDS


def called(arguments: list[str], text: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    stdin = io.TextIOWrapper(io.BytesIO(text.encode("utf-8", "surrogatepass")))
    monkeypatch.setattr(sys, "stdin", stdin)
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(arguments)
    return code, err.getvalue()


@pytest.mark.parametrize("first", range(0, 2_000, 500))
def test_mutants_are_answered(first, monkeypatch):
    for seed in range(first, first + 500):
        answer(mutant(Random(seed), SMALL if seed % 4 else FOREIGN), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2_000, 22_000, 1_000))
def test_many_mutants_are_answered(first, monkeypatch):
    for seed in range(first, first + 1_000):
        texts = TEXTS if seed % 20 == 0 else FOREIGN if seed % 4 == 1 else SMALL
        answer(mutant(Random(seed), texts), monkeypatch)
