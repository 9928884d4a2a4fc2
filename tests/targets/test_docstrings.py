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


@pytest.mark.parametrize(
    ("block", "use", "shapes"),
    [
        (
            "block f { parts = split(2)\n  return parts[0], parts[1] }",
            "x, _ = f\n  x",
            "(N, H, W, C) -> (N, H, W, C // 2), (N, H, W, C // 2)",
        ),
        (
            "block f(r) { pixel_shuffle(r) -> relu }",
            "f(2)",
            "(N, H, W, C) -> (N, H * r, W * r, C // r**2)",
        ),
        ("block f { channels(0, 3) -> relu }", "f", "(N, H, W, C) -> (N, H, W, 3)"),
        ("block f { relu -> flatten }", "f", "(N, 8, 8, C) -> (N, 64 * C)"),
        # A branch that 16 channels decide.
        (
            "block f { if in.channels > 8 { relu } else { tanh }\n  abs }",
            "f",
            "(N, H, W, 16) -> (N, H, W, 16)",
        ),
    ],
)
def test_a_function_says_what_it_takes(block, use, shapes):
    text = (
        f"{block}\nmodel Net {{\n  input 8x8x3\n  conv(16, 3)\n  {use} -> reduce_mean(channels) }}"
    )
    code = cnndsl.compile(text).code
    assert code is not None
    functions = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)}
    assert ast.get_docstring(functions["f"]) == shapes


OUTPUTS = """
block exit(classes) {{ global_avg_pool -> dense(classes) }}
model Net(width = 8, depth = 2, size = 64, classes = 10) {{
  input [size, size, 3]
  conv(width, 3) -> relu
  {body}
}}
{variant}
"""


@pytest.mark.parametrize(
    ("body", "variant", "shapes"),
    [
        (
            "conv(width, 1) output fine\n  exit(classes) output coarse",
            "",
            "fine (N, 64, 64, width), coarse (N, classes).",
        ),
        ("conv(classes, 1) -> resize(in) output map", "", "map (N, 64, 64, classes)."),
        (
            "for i in 0 .. 2 {\n  y = conv(2 * width, 3) -> relu\n"
            "  y -> exit(classes) output side\n  y }",
            "",
            "side1 (N, classes), side2 (N, classes).",
        ),
        (
            "conv(width, 1) output fine\n  exit(classes) output end",
            "model Wide = Net(width = 16)",
            "fine (N, 64, 64, C), end (N, classes).",
        ),
        (
            "for i in 0 .. 2 { conv(2 ** (i + 3), 1) -> relu output level }\n"
            "  exit(classes) output end",
            "",
            "level1 (N, 64, 64, 8), level2 (N, 64, 64, 16), end (N, classes).",
        ),
        (
            "conv(classes, 3, stride = 4) output map",
            "model Large = Net(size = 96)",
            "map (N, H / 4, W / 4, classes).",
        ),
        (
            "conv(classes, 3) output map\n  max_pool(64 if size == 64 else 32) output top",
            "model Large = Net(size = 96)",
            "map (N, H, W, classes), top (N, H', W', classes).",
        ),
        (
            "conv(classes, 1)",
            "model Large = Net(size = 96)",
            "(N, H, W, classes).",
        ),
        (
            "if depth > 1 { conv(classes, 1) output map } else { conv(4, 1) output map }",
            "",
            "map (N, 64, 64, classes).",
        ),
    ],
)
def test_a_model_says_what_each_output_is(body, variant, shapes):
    code = cnndsl.compile(OUTPUTS.format(body=body, variant=variant)).code
    assert code is not None
    classes = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.ClassDef)}
    said = ast.get_docstring(classes["Net"])
    assert said is not None
    assert " ".join(said.split("\n\n")[0].split()).endswith(f"-> {shapes}"), said


@pytest.mark.parametrize("end", ["output near : [1]", "-> dense(5)"])
def test_many_inputs_are_said_on_several_lines(end):
    inputs = "\n  ".join(f"input {name} 32x32x3" for name in ("anchor", "positive", "negative"))
    text = f"""
    model Net {{
      {inputs}
      concat [ anchor, positive, negative ] -> global_avg_pool -> dense(1) {end}
    }}
    """
    code = cnndsl.compile(text).code
    assert code is not None
    assert max(map(len, code.splitlines())) <= 88
    assert '"""anchor (N, 32, 32, 3), positive (N, 32, 32, 3), negative (N, 32, 32, 3) ->\n' in code


def test_a_number_that_nobody_can_see_is_a_letter():
    """What a block's reshape gives is known to its uses alone."""
    text = """
    block period(p, width) {
      reshape([in.length // p, p, 1])
      conv(width, [5, 1], stride = [3, 1]) -> relu -> flatten
    }
    model Net {
      input 60x1
      concat [ period(2, 4), period(3, 4) ] -> dense(10)
    }
    """
    code = cnndsl.compile(text).code
    assert code is not None
    classes = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.ClassDef)}
    assert ast.get_docstring(classes["Period"]) == "(N, 60, 1) -> (N, C)"


@pytest.mark.parametrize(
    ("body", "doc"),
    [
        ("conv(8, 1) output fine\n  conv(8, 1) output coarse", "The results."),
        ("conv(8, 1) output fine", "The result."),
        (
            "stage stem { conv(8, 1) }\n  conv(8, 1) output fine",
            "The results, and those of every stage.",
        ),
        (
            "conv(8, 1)\n  aux side { flatten -> dense(8) }\n  conv(8, 1) output fine",
            "The results, and those of every auxiliary head.",
        ),
    ],
)
def test_endpoints_say_what_they_are(body, doc):
    code = cnndsl.compile(f"model Net {{\n  input 8x8x3\n  {body}\n}}\n").code
    assert code is not None
    methods = [n for n in ast.walk(ast.parse(code)) if isinstance(n, ast.FunctionDef)]
    (endpoints,) = [method for method in methods if method.name == "endpoints"]
    assert ast.get_docstring(endpoints) == doc


PACKS = """
block unit(width) {{ conv(width, 3) -> relu }}
block f({parameters}) {{
  {block}
}}
model Net {{
  input 16x16x3
  maps = [ unit(8), unit(16) -> max_pool(2) ]
  {use}
  concat [ for i in 0 .. 2 {{ maps[i] -> global_avg_pool }} ] -> dense(3)
}}
"""


@pytest.mark.parametrize(
    ("parameters", "block", "use", "shapes"),
    [
        (
            "maps, width",
            "xs = [ for i in 0 .. len(maps) { maps[i] -> unit(width) } ]\n  return xs",
            "maps = f(maps, 8)",
            "[(N, H, W, C), ...] -> [(N, H, W, width), ...]",
        ),
        (
            "maps, width",
            "xs = [ for i in 0 .. len(maps) { maps[i] -> unit(width * (i + 1)) -> max_pool(2) } ]\n"
            "  return xs",
            "maps = f(maps, 8)",
            "[(N, H, W, C), ...] -> [(N, H', W', C), ...]",
        ),
        (
            "width",
            "xs = [ unit(width), unit(width) -> max_pool(2) ]\n  return xs",
            "maps = f(8)",
            "(N, H, W, in_features) -> [(N, H', W', width), ...]",
        ),
        (
            "maps, width",
            "add [ maps[0] -> unit(width), maps[1] -> unit(width) -> upsample(2) ]",
            "y = f(maps, 8)\n  maps = [ y, y ]",
            "[(N, H, W, C), ...] -> (N, H, W, width)",
        ),
        (
            "a, b, width",
            "add [ a -> unit(width), b -> upsample(2) -> unit(width) ]",
            "y = f(maps[0], maps[1], 8)\n  maps = [ y, y ]",
            "(N, H, W, a_features), (N, H', W', b_features) -> (N, H, W, width)",
        ),
    ],
)
def test_a_block_says_what_packs_hold(parameters, block, use, shapes):
    code = cnndsl.compile(PACKS.format(parameters=parameters, block=block, use=use)).code
    assert code is not None
    classes = {n.name: n for n in ast.parse(code).body if isinstance(n, ast.ClassDef)}
    said = ast.get_docstring(classes["F"])
    assert said is not None
    assert " ".join(said.split()) == shapes
