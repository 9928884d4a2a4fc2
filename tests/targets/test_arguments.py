"""A model's class takes only arguments that were seen to give the network of the spec."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl.targets.flax.validate_arguments import validate_arguments
from cnndsl.targets.python.module_tree import Module
from tests.compiled import GENERATED, compile_text
from tests.targets.parse import parse_module
from tests.targets.test_validate import SPECS, checked, compiled

_CORNERS = Path(__file__).parents[1] / "corners"
ALWAYS, BEFORE, ARMS = (
    (_CORNERS / f"{name}.cnn").read_text()
    for name in (
        "conditions_that_always_hold",
        "kernels_before_an_argument",
        "arguments_of_every_arm",
    )
)

TOWERS = """
block tower(width) {{ conv(width, 3) -> relu }}
model Towers(width = 64) {{
  input 16x16x3
  maps = [ conv(width, 1), conv(width, 1) ]
  {line}
  shared classify = tower(width)
  for i in 0 .. 2 {{ maps[i] -> channels(0, width // 2) -> classify output scores }}
}}
"""


@pytest.mark.parametrize(
    "line",
    [
        "maps[0] -> group_norm(8)",
        "maps[0] -> conv(width, 3, groups = 16)",
        "maps[0] -> global_avg_pool : 64",
        "maps[0] -> shuffle(8)",
        "maps[0] -> pixel_shuffle(8)",
    ],
)
def test_a_width_of_which_few_values_are_taken(line):
    """Shared layers know their input as a number, so that no other width would do."""
    module, _ = compiled(TOWERS.format(line=line))
    assert "width" not in _arguments(module, "Towers")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "kernel = 3",
            "conv(8, 3, stride = 2) -> conv(8, kernel, stride = 2, pad = valid) -> flatten",
        ),
        (
            "patch = 8",
            "conv(8, patch, stride = patch) -> transpose -> conv(32, 1) -> global_avg_pool",
        ),
        ("factor = 2", "conv(8, 3) -> max_pool(factor) -> space_to_depth(4) -> flatten"),
    ],
)
def test_a_size_that_one_more_leaves_as_it_is(name, body):
    """What is flattened has as many pixels with a kernel of 4, and not with one of 6."""
    text = f"model Net({name}, classes = 10) {{ input 32x32x3\n {body} -> dense(classes) }}"
    module, _ = compiled(text)
    (model,) = [d for d in module.body if getattr(d, "name", "") == "Net"]
    (init,) = [m for m in model.methods if m.name == "__init__"]
    assert name.partition(" ")[0] not in {p.name for p in init.parameters}
    assert "classes" in {p.name for p in init.parameters}


def test_a_width_of_which_the_spec_takes_one_is_no_argument():
    text = """
    model Net(width = 8, classes = 10) {
      input 8x8x3
      conv(width, 3)
      global_avg_pool : 8
      dense(classes)
    }
    """
    module, _ = compiled(text)
    names = _arguments(module, "Net")
    assert "width" not in names
    assert "classes" in names


def test_what_one_argument_lacks_costs_no_other_and_no_other_model():
    """`widths` and `heads` are longer together alone, and then there is no table for them."""
    text = """
    block attend(heads, queries) {
      param bias = zeros([queries.height, queries.width, 4])
      add [concat [for i in 0 .. heads { conv(2, 1) }] -> conv(4, 1), bias -> expand(here)]
    }
    model Net(widths = [8, 12], heads = [2, 3], classes = 10) {
      input 16x16x3
      for i, w in enumerate(widths) {
        stage level { conv(w, 3, stride = 2) -> attend(heads[i], here) }
      }
      global_avg_pool -> dense(classes)
    }
    model Other(widths = [8, 12], classes = 10) {
      input 16x16x3
      for w in widths { conv(w, 3) -> relu }
      global_avg_pool -> dense(classes)
    }
    """
    module, _ = compiled(text)
    assert "classes" in _arguments(module, "Net")
    assert {"widths", "classes"} <= _arguments(module, "Other")


def test_repetitions_may_be_none():
    """`repeat - 1` of them where `repeat` is 1: the channels behind them are those before."""
    text = """
    block unit(width, repeat) { { conv(width, 3) -> relu } * (repeat - 1) -> conv(width, 1) }
    model Net(repeat = 3, layers = 2, width = 8, depths = [2, 1], classes = 4) {
      input 8x8x3
      unit(width, repeat) -> conv(2 * width, 1) * layers
      for depth in depths { unit(3 * width, depth) }
      global_avg_pool -> dense(classes)
    }
    """
    module, _ = compiled(text)
    assert {"repeat", "layers", "width", "depths", "classes"} <= _arguments(module, "Net")


@pytest.mark.parametrize(
    ("body", "stays"),
    [
        ("{ conv(w, 3) -> relu } * n\n if f { add [ here, conv(w, 1) ] }", True),
        ("for i in 0 .. n { conv(w if i == 0 else 2 * w, 3) }\n if f { conv(2 * w, 1) }", False),
        ("for i in 0 .. n { conv(w, 3) -> relu }\n if f { conv(w, 1) }", False),
    ],
)
def test_repetitions_of_a_variant_without_a_branch_may_be_none(body, stays):
    """M(n=0) is no network or one with the branch; the variant's is another."""
    text = f"""
    model M(w = 8, n = 2, f = true) {{ input 16x16x4
      {body}
      conv(5, 1) }}
    model V = M(f = false)
    """
    module, _ = compiled(text)
    assert ("n" in _arguments(module, "M")) is stays
    assert "range(n - 1)" not in compile_text(text).code


@pytest.mark.parametrize(
    "text",
    [
        """model M(table = ["a", "b", "b"], ks = [3, 1, 1]) { input 24x24x4
          for kind, k in zip(table, ks) {
            if kind == "a" { conv(8, k) -> relu } else { conv(8, k) } } }""",
        """model M(w = 16, table = [[7, 3], [7, 3], [3, 1], [3, 3]]) { input 256x20
          for k, p in table {
            conv(w, k, pad = valid) -> relu
            if p > 1 { max_pool(p) } }
          flatten -> dense(w) }""",
    ],
)
def test_a_list_whose_order_decides_more_than_the_class_says_is_no_argument(text):
    module, _ = compiled(text)
    assert "table" not in _arguments(module, "M")


def test_a_condition_that_always_holds_costs_no_argument():
    """An image of as many channels as the first width would pass; without stages, the kernel in
    front starts otherwise."""
    module, _ = compiled(ALWAYS)
    assert {"width", "depth", "classes"} <= _arguments(module, "Always")


def test_whether_a_relu_follows_is_said_once():
    assert compile_text(ALWAYS).code.count("rectified: bool") == 1
    assert "rectified" not in compile_text(BEFORE).code.partition("class ByBranch")[0]
    assert compile_text(BEFORE).code.count("rectified: bool") == 1


def test_every_branch_follows_an_argument():
    code = compile_text(ARMS).code
    assert code.count("use_bias=bias") == code.count("= extra(") == 1
    assert "Se(" not in code.partition("class Arms")[0].replace("class Se(", "")


def test_a_step_that_is_the_window_follows_it_in_a_branch():
    text = """model M(table = [[3, 2], [5, 1], [5, 2]]) { input 128x3
      for k, p in table {
        conv(4, k) -> relu
        if p > 1 { max_pool(p) } } }"""
    module, _ = compiled(text)
    assert "table" in _arguments(module, "M")
    assert "(p,), (p,)" in compile_text(text).code


def test_names_that_the_module_has_are_none_of_an_argument():
    names = "cast endpoints keep_float32 he_normal eval set_attributes"
    given = ", ".join(f"{name} = 2" for name in names.split())
    layers = " -> ".join(f"conv({name}, 3) -> relu -> upsample({name})" for name in names.split())
    text = f"model M({given}, kinds = 3) {{ input 4x4x3\n {layers} -> conv(kinds, 1) -> bn }}"
    module, _ = compiled(text)
    assert {"eval_", "cast_", "kinds"} <= _arguments(module, "M")


def _arguments(module: Module, name: str) -> set[str]:
    (model,) = [d for d in module.body if getattr(d, "name", "") == name]
    (init,) = [m for m in model.methods if m.name == "__init__"]
    return {p.name for p in init.parameters}


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("lraspp", "nnx.Conv(filters, classes,", "nnx.Conv(filters, 21,"),
        ("efficientdet", "anchors * classes", "anchors * 90"),
    ],
)
def test_models_around_models_follow_their_arguments(name, right, wrong):
    """The endpoints of the inner one are known when it is elaborated again."""
    code = (GENERATED / f"{name}.py").read_text(encoding="utf-8")
    assert right in code
    spec = checked(SPECS[name])
    assert validate_arguments(parse_module(code), spec) == []
    found = validate_arguments(parse_module(code.replace(right, wrong)), spec)
    assert {d.argument.partition(".")[2] for d in found} == {"classes"}
