"""What comments behind lines say of shapes."""

from __future__ import annotations

import pytest

import cnndsl

SPEC = """
{block}
model Net(classes = 10) {{
  input 32x32x3
  {body}
  global_avg_pool -> dense(classes)
}}
"""


@pytest.mark.parametrize(
    ("block", "body", "line"),
    [
        # Rounds of other shapes, of which one arm has each.
        (
            "",
            "for i in 0 .. 3 {\n"
            "    if i == 0 { conv(8, 7, stride = 4) } else { conv(8, 3, stride = 2) }\n  }",
            "x = conv(x)",
        ),
        # A round that leaves the flow as it was.
        (
            "",
            "conv(8, 3) -> relu\n  for i in 0 .. 2 {\n"
            "    if i > 0 { max_pool(2) }\n    conv(8, 3)\n    relu\n  }",
            "x = nnx.max_pool(x, (2, 2), (2, 2)) if i > 0 else x",
        ),
        # A use that does.
        (
            "block unit(down = true) {\n  if down { max_pool(2) }\n  conv(in.channels, 3) }",
            "unit -> unit(false)",
            "x = nnx.max_pool(x, (2, 2), (2, 2)) if self.down else x",
        ),
        # A layer that the network has once, or not at all.
        (
            "",
            "conv(8, 3)\n  relu\n  if classes < 20 { max_pool(2) }\n  conv(8, 3)",
            "x = nnx.max_pool(x, (2, 2), (2, 2))  # (N, 16, 16, 8)",
        ),
    ],
)
def test_a_comment_is_right_wherever_its_line_runs(block, body, line):
    code = cnndsl.compile(SPEC.format(block=block, body=body)).code
    assert code is not None
    assert line in [each.strip() for each in code.splitlines()]
