"""What loops walk, where only that shows how often they run or what a name is behind them."""

from __future__ import annotations

import pytest

from tests.compiled import compile_text

EMPTY = """
model Net() {
  input 9x8x3
  for w in [1] {
    for w, layer in [[5, 3]] { }
    stage last { mul [ conv(w, 3), conv(w, 1) ] }
  }
}
"""

UNREAD = """
block unread(left) {
  {
    held = {
      { b = bn
        b } -> left -> hard_sigmoid as call
    }
    held
  } * 2 * 2 as last
}
model Net() {
  input 1
  unread(here)
}
"""


@pytest.mark.parametrize("text", [EMPTY, UNREAD], ids=["empty", "unread"])
def test_loops_of_little(text: str):
    """A compile proves its module."""
    assert "for " in compile_text(text).code
