"""A failed assertion names a cause only where changing it gives the asserted count exactly.

Each case has a spec and the change that its author may have had in mind; the count of the
changed spec, asserted of the spec as it is, must be explained by that change.
"""

import re
from pathlib import Path
from random import Random

import pytest

import cnndsl
from cnndsl.syntax import ast
from tests.edits import edited, parsed, replace
from tests.planted import first_failed, named, planted, unshaped

SPEC = """\
block unit(width) { conv(width, 3, bias = false) -> bn -> relu }

model Net(classes = 10) {
  input 32x32x8
  unit(16) * 3
  conv(16, 3, groups = 4)
  aux head { global_avg_pool -> dense(7) }
  global_avg_pool -> dense(classes)
}
"""
CASES = {
    "biases": ("params", ", bias = false", "", "biases in the convolutions before `bn` would add"),
    "scales": ("params", "-> bn ->", "-> bn(scale = false) ->", "the scales of `bn` are exactly"),
    "groups": ("params", ", groups = 4", "", "without groups the convolutions would have exactly"),
    "heads": (
        "params",
        "aux head { global_avg_pool -> dense(7) }",
        "",
        "the auxiliary heads are exactly 119: `params` counts them",
    ),
    "more classes": ("params", "classes = 10", "classes = 11", "11 classes instead of 10 are"),
    "fewer classes": ("total", "classes = 10", "classes = 9", "9 classes instead of 10 are"),
    "a block more": ("params", "* 3", "* 4", "one repetition of `unit(16)` more is exactly 2,336"),
    "a block fewer": ("macs", "* 3", "* 2", "one repetition of `unit(16)` fewer is exactly"),
}


def counted(spec: str, what: str) -> int:
    (summary,) = cnndsl.summarize(spec).summaries
    return getattr(summary, what)


def notes(spec: str, what: str, value: int) -> tuple[str, ...]:
    end = spec.rindex("}")
    (found,) = cnndsl.check(f"{spec[:end]}  expect {what} {value}\n}}\n")
    assert found.code == "E401"
    return found.notes


@pytest.mark.parametrize("case", CASES)
def test_a_cause_is_named(case):
    what, before, after, note = CASES[case]
    value = counted(SPEC.replace(before, after), what)
    assert any(note in found for found in notes(SPEC, what, value))


def test_biases_that_an_implementation_leaves_out():
    spec = SPEC.replace(", bias = false", "")
    found = notes(spec, "params", counted(SPEC, "params"))
    assert found == ("the biases of the convolutions before `bn` are exactly 48",)


@pytest.mark.parametrize(("asserted", "meant"), [("params", "total"), ("total", "params")])
def test_the_batch_statistics(asserted, meant):
    (note,) = notes(SPEC, asserted, counted(SPEC, meant))
    assert note == "the batch statistics are exactly 96: `total` counts them, `params` does not"


def test_flops_are_twice_the_macs():
    (note,) = notes(SPEC, "macs", 2 * counted(SPEC, "macs"))
    assert note == "it is twice the count: a FLOP is half of a multiply-accumulate"


def test_macs_of_the_heads():
    (note,) = notes(SPEC, "macs", counted(SPEC, "macs") + 112)
    assert note == "the auxiliary heads take exactly 112: `macs` leaves them out"


def test_nothing_is_named_that_is_not_exact():
    value = counted(SPEC, "params")
    assert notes(SPEC, "params", value + 1) == ()
    assert notes(SPEC, "params", value + 47) == ()


def test_a_rounded_figure_has_no_exact_cause():
    (found,) = cnndsl.check(SPEC.replace("aux", "expect params 20_000 within 1%\n  aux"))
    assert found.notes == ()
    assert found.primary.text.endswith("beyond 1%")


def test_what_a_batch_norm_leaves_out_comes_before_what_is_as_many():
    spec = SPEC.replace("-> bn ->", "-> bn(scale = false) ->")
    first, *_ = notes(spec, "params", counted(SPEC, "params"))
    assert first == "what `bn` leaves out by `scale = false` is exactly 48"


@pytest.mark.parametrize(
    ("before", "after", "note"),
    [
        ("conv(16, 3, groups = 4)", "conv(32, 3, groups = 4)", "with `32` in place of `16`"),
        ("32x32x8", "32x32x3", "with `32x32x3` in place of `32x32x8`"),
        ("\n  global_avg_pool", "\n  flatten", "with `flatten` in place of `global_avg_pool`"),
        ("bn -> relu", "relu", "the batch norms are exactly"),
        ("dense(classes)", "dense(classes, bias = false)", "the bias of the last `dense`"),
        ("classes = 10", "classes = 1000", "1,000 classes instead of 10"),
    ],
)
def test_a_change_is_named_with_its_place(before, after, note):
    what = "params"
    found = notes(SPEC, what, counted(SPEC.replace(before, after), what))
    assert note in found[0]
    assert len(found) <= 2


ZOO = sorted((Path(__file__).parents[1] / "specs").glob("*.cnn"))
FEW = [path for path in ZOO if path.stem in ("lenet5", "mobilenet", "vgg16")]


def without_variants(text: str) -> str:
    """A spec with the first variant of each model alone: what the others assert fails as well."""
    varied: set[str] = set()
    edits = []
    spec = parsed(text)
    for each in spec.definitions if spec else ():
        if isinstance(each, ast.Variant):
            if each.base.id in varied:
                edits.append(replace(each, ""))
            varied |= {each.base.id, each.name}
    return edited(text, edits)


def shares(paths: list[Path]) -> tuple[int, int]:
    """How many planted mistakes the first explanation names, and how many there are."""
    right = every = 0
    for path in paths:
        for mistake in planted(without_variants(unshaped(path.read_text(encoding="utf-8")))):
            failed = first_failed(mistake.text)
            if failed is not None:
                every, right = every + 1, right + named(mistake, failed)
    return right, every


def test_planted_mistakes_are_named():
    right, every = shares(FEW)
    assert every >= 12
    assert right >= 0.8 * every


@pytest.mark.slow
def test_planted_mistakes_are_named_in_all_of_the_zoo():
    right, every = shares(ZOO)
    assert every >= 110
    assert right >= 0.9 * every


def wrong(path: Path, random: Random) -> str:
    """A spec of the zoo with a count that is wrong by chance."""
    text = path.read_text(encoding="utf-8")
    said = random.choice(list(re.finditer(r"expect params ([\d_]+)", text)))
    value = int(said[1].replace("_", ""))
    off = random.choice((1, -1)) * random.randint(value // 50, value // 3)
    return f"{text[: said.start(1)]}{value + off}{text[said.end(1) :]}"


@pytest.mark.parametrize("path", FEW, ids=lambda path: path.stem)
def test_a_number_by_chance_has_no_explanation(path):
    for seed in range(3):
        (found,) = cnndsl.check(wrong(path, Random(seed)))
        assert (found.code, found.notes) == ("E401", ())
