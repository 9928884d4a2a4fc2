"""What the name of an argument means where a chain gives that name a tensor.

In expressions it is what the use handed over, none in some; checkers of types cannot follow that.
"""

from __future__ import annotations

import pytest

from cnndsl.pipeline import check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax import Flax

SPEC = """
block unit(width, other = none) {
  conv(width, 1)
  if other != none { mul [ here, other -> conv(width, 1) -> global_avg_pool(keep = true) ] }
}
block cell(k, prev = none) {
  if k > 1 { prev = conv(4, 3) }
  BODY
}
model Net {
  input 8x8x4
  cell(1) -> cell(2) -> cell(1, here) -> cell(2, here)
}
"""


@pytest.mark.parametrize(
    "body",
    [
        "if prev == none { relu } else { add [ here, prev ] }",
        "if prev != none { add [ here, prev ] }\n if k > 1 { add [ here, prev ] }",
        "unit(4, prev)",
        "let p = prev\n if p == none { relu } else { unit(4, p) }",
        "{ if k > 1 { prev = relu }\n unit(4, prev) }\n unit(4, prev)",
        "for i in 0 .. k { unit(4, prev)\n if k > 1 { prev = here } }",
    ],
)
def test_a_name_is_in_expressions_what_was_handed_over(body: str):
    found = check_source(Source("spec.cnn", SPEC.replace("BODY", body)))
    assert not found.diagnostics
    assert compile_checked(found, target=Flax(plainer=False)).code
