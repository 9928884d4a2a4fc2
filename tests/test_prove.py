"""What `check` does in a third of the time finds what `compile` does."""

from pathlib import Path
from random import Random

import pytest

from cnndsl.counts import totals
from cnndsl.diagnostics import Diagnostic
from cnndsl.files import Files
from cnndsl.pipeline import Check, check_source, prove, warnings
from cnndsl.source import Source
from tests.test_mutants import SMALL, mutant
from tests.writing import Writer

FOLDER = Path(__file__).parent
WRITTEN = sorted([*FOLDER.glob("warnings/*.cnn"), *FOLDER.glob("errors/*.cnn")])

Found = list[tuple[str, str, int]]


def what(found: list[Diagnostic]) -> Found:
    return [(d.code, d.message, d.primary.span.start if d.primary else -1) for d in found]


def judged(check: Check, text: str, folder: Path | None = None) -> tuple[Found, list[object]]:
    load = Files("spec.cnn", str(folder) if folder else None).load
    checked = check(Source("spec.cnn", text), load, None, None)
    found = list(checked.diagnostics) or warnings(checked)
    return what(found), [(each.name, totals(each)) for each in checked.networks]


def same(text: str, folder: Path | None = None) -> None:
    assert judged(prove, text, folder) == judged(check_source, text, folder), text


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_mistakes_and_warnings_are_the_same(path):
    same(path.read_bytes().decode("utf-8", "replace"), path.parent)


@pytest.mark.parametrize("first", range(0, 60, 30))
def test_random_specs_are_the_same(first):
    for seed in range(first, first + 30):
        same(Writer(Random(seed)).spec())


def test_mutants_are_the_same():
    random = Random(0)
    for _ in range(100):
        same(mutant(random, SMALL))


ATTENTIVE = """
block unit(filters) {{ conv(filters, 3) -> bn -> relu -> conv(filters, 3{bias}) }}
block after(filters) {{ bn -> relu -> conv(filters, 3) }}
model Net() {{
  input 8x8x8
  unit(8) -> relu -> unit(8) -> {behind} -> after(8)
  {{ relu -> unit(8) }} * 2 -> {behind}
  relu -> after(8)
  kept = here -> conv(8, 1)
  concat [ kept, kept -> after(8) ]
}}
model Other = Net()
"""


@pytest.mark.parametrize("behind", ["bn", "relu", "relu -> bn", "conv(8, 3)", "unit(8)"])
@pytest.mark.parametrize("bias", ["", ", bias = true", ", bias = false"])
def test_what_stands_before_a_use_is_seen_at_every_use(behind, bias):
    same(ATTENTIVE.format(behind=behind, bias=bias))


@pytest.mark.parametrize("times", [100, 40_000])
def test_uses_that_are_alike_count_for_the_budgets(times):
    same(f"block a() {{ relu -> relu }}\nmodel Net() {{ input 8x8x8\n  a * {times} }}\n")
