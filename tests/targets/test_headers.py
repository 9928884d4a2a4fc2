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


COUNTED = """
block held(xs, width) {
  x = xs[0]
  for i in 1 .. len(xs) {
    y = xs[i] -> conv(width, 1)
    x = add [ x, y ]
  }
  return x
}
model Net() {
  input 8x8x3
  xs = [ here, conv(4, 3), conv(4, 3) ]
  xs = [ xs[0] -> conv(4, 1), xs[1], xs[2] ]
  x = held(xs, 4)
  x
}
"""


def test_numbers_that_count_on_need_no_range():
    assert "in enumerate(self.y_conv, start=1):" in compile_text(COUNTED).code
