"""What docstrings say of the shapes of blocks."""

from __future__ import annotations

import ast

import pytest

import cnndsl

SPEC = """
block pyramid(width) {{
  half = conv(width, 3, stride = 2)
  quarter = half -> conv(2 * width, 3, stride = 2)
  {results}
}}
model Net {{
  input 64x64x3
  {use}
  global_avg_pool -> dense(10)
}}
"""


@pytest.mark.parametrize(
    ("results", "use", "shapes"),
    [
        (
            "return half, quarter",
            "half, _ = pyramid(8)",
            "(N, H / 2, W / 2, width), (N, H / 4, W / 4, 2 * width)",
        ),
        ("return quarter", "pyramid(8)", "(N, H / 4, W / 4, 2 * width)"),
        (
            "return half, in, half -> global_avg_pool",
            "half, _, _ = pyramid(8)",
            "(N, H / 2, W / 2, width), (N, H, W, in_features), (N, width)",
        ),
    ],
)
def test_a_block_says_what_it_gives(results, use, shapes):
    code = cnndsl.compile(SPEC.format(results=results, use=f"{use}\n  here")).code
    assert code is not None
    classes = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.ClassDef)}
    said = ast.get_docstring(classes["Pyramid"])
    assert said is not None
    assert said.endswith(f"-> {shapes}"), said


@pytest.mark.parametrize(
    ("body", "shapes"),
    [
        # Where 16 is a width and happens to be the reduction, too.
        ("{ conv(width, 3, stride = 2) } * 4", "(N, H / 16, W / 16, width)"),
        ("conv(8, width, stride = width)", "(N, H / width, W / width, 8)"),
        ("global_avg_pool(keep = true) -> conv(width, 1)", "(N, 1, 1, width)"),
    ],
)
def test_a_size_is_said_by_what_decides_it(body, shapes):
    text = f"""
    block unit(width) {{ {body} -> relu }}
    model Net {{
      input 64x64x3
      unit(16) -> global_avg_pool -> dense(10)
    }}
    """
    code = cnndsl.compile(text).code
    assert code is not None
    classes = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.ClassDef)}
    said = ast.get_docstring(classes["Unit"])
    assert said is not None
    assert said.endswith(f"-> {shapes}"), said
