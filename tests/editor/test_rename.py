"""Names that are new without a proof: what is said of them, the proof says too."""

from __future__ import annotations

import pytest

from cnndsl.editor.present import Present
from cnndsl.editor.rename import Unnameable, changes_of, is_new, prove
from cnndsl.editor.workspace import read

PATH = "/nowhere/spec.cnn"
TEXT = """\
fn twice(n) = 2 * n

block unit(width, act = relu, axis = 0) {
  left = conv(width, 3) -> act
  let half = width // 2
  add [ left, conv(width, 1) ] -> conv(half, 1)
}

model Net(classes = 10, size = 4) {
  input 32x32x3
  shared tied = conv(3, 1)
  tied -> tied
  for n in [8, 16] {
    stage level { unit(twice(n)) }
  }
  xs = [ level1, level1 ]
  add xs -> max_pool(2x2)
  stage head { global_avg_pool -> dense(classes) }
  expect params 10_034
}
"""
TAKEN = "axis gelu he_normal height logits level3 max mean normal params shape width2 xs1"


@pytest.mark.parametrize("new", TAKEN.split())
def test_what_may_mean_something_is_to_be_proven(new: str):
    one = read(PATH, {PATH: TEXT})
    assert one is not None and not is_new(new, [one.symbols])


def test_what_is_new_changes_no_meaning():
    texts, new = {PATH: TEXT}, "levels"
    one = read(PATH, texts)
    assert one is not None
    present = Present(texts)
    assert is_new(new, [one.symbols])
    seen: set[int] = set()
    for each in one.occurrences:
        home = present.home(each)
        assert home is not None
        if home[1] not in seen:
            seen.add(home[1])
            try:
                spots = present.spots(home, [one.symbols])
                prove(home, changes_of(each.symbol.name, new, spots), new, [], texts)
            except Unnameable:
                pytest.fail(f"{each.symbol.name} cannot be {new}")
    assert len(seen) > 15
