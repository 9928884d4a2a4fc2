"""What finds the generator's mistakes: random specs, changed specs, and how failures are told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest

from cnndsl.ops import MERGES, OPS
from cnndsl.pipeline import Compiled, check_source
from cnndsl.source import Source
from tests import fuzz
from tests.edits import parsed
from tests.mutations import MUTATIONS, holds, mutated, once
from tests.shrinking import shrunk
from tests.writing import Writer
from tests.writing.grammar import BLOCKS, ELEMENTS, LAYERS, STATEMENTS

SEEDS = 150
AT_ONCE = 50  # a dozen a second; each part is a test, for xdist to share out
COMPILED, OF_THE_WHOLE_LANGUAGE = 1_500, 500
LIMIT = 30.0  # seconds of a compile, on a busy machine

SPEC = """
block unit(filters, flag = true) {
  y = conv(filters, 3) -> bn
  add [ y, { if flag { relu } } -> conv(filters, 1) ]
}
model Net(classes = 3, widths = [4, 8]) {
  input 8x8x3
  for w in widths { unit(w) -> relu }
  let last = here.channels
  { conv(last, 3) } * 2
  global_avg_pool -> dense(classes)
}
"""


@pytest.fixture(scope="module")
def specs() -> list[tuple[str, Counter[str]]]:
    writers = [Writer(Random(seed), later) for seed in range(SEEDS) for later in (False, True)]
    return [(writer.spec(), writer.written) for writer in writers]


def test_random_specs_hold(specs: list[tuple[str, Counter[str]]]):
    wrong = [s for s, _ in specs if check_source(Source("spec.cnn", s)).diagnostics]
    assert len(wrong) <= 0.03 * len(specs), wrong[0]


@pytest.mark.parametrize("first", range(0, COMPILED, AT_ONCE))
def test_random_specs_compile_to_modules_that_are_proven(first: int):
    """Each compile proves its module, or ends in an exception."""
    check_compiled(first, fuzz.written)


@pytest.mark.parametrize("first", range(0, OF_THE_WHOLE_LANGUAGE, AT_ONCE))
def test_random_specs_of_the_whole_language_compile_to_modules_that_are_proven(first: int):
    """Learned and fixed tensors, what starts or stays as it says, signals and clips, too."""
    check_compiled(first, fuzz.of_the_whole_language)


def check_compiled(first: int, written: Callable[[int], str]) -> None:
    seeds = range(first, first + AT_ONCE)
    found = {seed: fuzz.failure(written(seed), LIMIT) for seed in seeds}
    failed = {seed: failure for seed, failure in found.items() if failure is not None}
    wrong = [seed for seed, failure in failed.items() if failure.kind == "diagnostic"]
    assert len(wrong) <= 0.1 * AT_ONCE, wrong
    assert set(failed) == set(wrong), "\n".join(f"{n}: {f}" for n, f in failed.items())


def test_random_specs_with_several_results_compile_to_modules_that_are_proven():
    """Other results in variants are a mistake of the spec; few have them."""
    texts = [text for seed in range(40) if (text := fuzz.with_results(seed)) is not None]
    failures = [found for text in texts if (found := fuzz.failure(text, LIMIT)) is not None]
    assert sum(" output " in text for text in texts) > 20
    assert {failure.kind for failure in failures} <= {"diagnostic"}, failures
    assert len(failures) <= 0.25 * len(texts), failures


def test_every_construct_is_written(specs: list[tuple[str, Counter[str]]]):
    written = sum((counts for _, counts in specs), Counter[str]())
    for grammar in (STATEMENTS, ELEMENTS, LAYERS, BLOCKS):
        assert {c.name for c in grammar.constructs} <= set(written)


@pytest.mark.parametrize("name", [*OPS, *MERGES])
def test_every_op_is_written(name: str, specs: list[tuple[str, Counter[str]]]):
    element = re.compile(rf"(^|->|\{{|,|\[) *{name}\b(?! =)", re.M)
    assert any(element.search(text) for text, _ in specs)


@pytest.mark.parametrize("later", [False, True])
def test_a_seed_gives_one_spec(later: bool):
    assert Writer(Random(3), later).spec() == Writer(Random(3), later).spec()


@pytest.mark.parametrize("seed", range(6))
def test_a_changed_spec_holds_and_is_another(seed: int):
    text = mutated(SPEC, Random(seed))
    assert text is not None
    assert text != SPEC
    assert holds(text)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_every_mutation_gives_specs_that_hold(mutation, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.mutations.MUTATIONS", (mutation,))
    changed = [once(SPEC, Random(seed)) for seed in range(100)]
    assert any(text != SPEC and parsed(text) is not None and holds(text) for text in changed)


def raising(error: Exception):
    def readable(source: Source) -> Compiled:
        if "conv" in source.text:
            raise error
        return Compiled("", (), ())

    return readable


def test_failures_have_kinds(monkeypatch: pytest.MonkeyPatch):
    assert fuzz.failure(SPEC) is None
    told = fuzz.failure("model Net { input 8x8x3\n convv(2, 3) }")
    assert told is not None
    assert (told.kind, told.where) == ("diagnostic", "E101")
    monkeypatch.setattr(fuzz, "readable", raising(KeyError("filters")))
    told = fuzz.failure(SPEC)
    assert told is not None
    assert (told.kind, told.message) == ("KeyError", "'filters'")
    monkeypatch.setattr(fuzz, "readable", lambda source: endless())
    told = fuzz.failure(SPEC, seconds=0.05)
    assert told is not None
    assert told.kind == "slow"


def endless() -> None:
    while True:  # the limit is one of the processor's time
        pass


def test_the_command_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(fuzz, "readable", raising(KeyError("filters")))
    monkeypatch.setattr(fuzz, "written", lambda seed: SPEC if seed == 1 else "")
    assert fuzz.main(["0", "3"]) == 1
    *lines, last = capsys.readouterr().out.splitlines()
    assert [line.partition(" [")[0] for line in lines] == ["1: KeyError: 'filters'"]
    assert re.fullmatch(r"3 specs, [\d.]+ per second: 1 KeyError", last)


def test_shrinking_leaves_what_fails():
    text = shrunk(SPEC, lambda text: holds(text) and "bn" in text)
    assert "bn" in text
    assert "dense" not in text
    assert len(text) < len(SPEC) / 2
