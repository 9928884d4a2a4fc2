"""One mistake is one diagnostic: what follows from it is silent, what is independent is not."""

import pytest

import cnndsl
from cnndsl.suggest import closest

RESIDUAL = """\
block unit(width, stride = 1) {{
  add [
    conv(width, 3, stride = stride) -> relu
    {shortcut}
  ] -> relu
}}
model Net(classes = 10) {{
  input 32x32x3
  stage stem {{ conv(16, 3) }}
  stage layer1 {{ unit(16) * 2 }}
  stage layer2 {{ unit(32, stride = 2) -> unit(32) * 2 }} : 16x16x32
  stage layer3 {{ unit(64, stride = 2) -> unit(64) }} : 8x8x99
  {after}
}}
"""


def residual(shortcut: str = "here", after: str = "") -> list[cnndsl.Diagnostic]:
    return cnndsl.check(RESIDUAL.format(shortcut=shortcut, after=after))


def test_a_merge_that_fails_is_reported_once_with_its_instances():
    found, *_ = residual(after="global_avg_pool -> dense(classes) -> conv(3, 3)")
    assert found.code == "E301"
    assert found.labels[-1].text == "in this instance: layer2[0], width = 32, stride = 2"
    assert found.notes == ("the same mistake shows in 1 more instance: layer3[0]",)
    assert found.help == (
        "project branch 2 where the shape changes: if stride != 1 or in.channels != width "
        "{ conv(width, 1, stride = stride, bias = false) -> bn } else { here }"
    )


def test_the_help_repairs_it_and_what_shows_then_is_told_at_once():
    found, hidden = residual()
    repaired = residual(found.help.partition(": ")[2])
    assert [d.message for d in repaired] == ["the shape here is 8 x 8 x 64, not 8 x 8 x 99"]
    assert [hidden.message, hidden.primary.span.line] == [repaired[0].message, 12]


def test_independent_mistakes_after_it_are_reported():
    codes = [found.code for found in residual(after="nothing\n  dropout(2.0)\n  conv(clases, 3)")]
    assert codes == ["E301", "E305", "E101", "E205", "E102"]


HALF = "block half(width, stride) {{ conv(width, 3, stride = stride) }}\n" + RESIDUAL.replace(
    "conv(width, 3, stride = stride)", "half(width, stride)"
)


def test_values_of_a_guessed_shape_are_not_trusted():
    after = "let a = here.channels\n  conv(a // 0, 3)\n  if here.height > 4 { nothing }"
    found = cnndsl.check(HALF.format(shortcut="here", after=after))
    assert [each.code for each in found] == ["E301", "E101"]  # no such op at all


def test_a_projection_that_no_argument_spells_is_not_proposed():
    (found,) = cnndsl.check(HALF.format(shortcut="here", after=""))
    assert (found.code, found.help) == ("E301", None)


def test_outside_of_a_block_the_projection_has_numbers():
    spec = "model Net {\n  input 8x8x3\n  add [ conv(16, 3, stride = 2), here ]\n}\n"
    (found,) = cnndsl.check(spec)
    assert found.help == "project branch 2: conv(16, 1, stride = 2, bias = false) -> bn"


@pytest.mark.parametrize(
    ("pool", "help"),
    [
        (
            "max_pool(3, stride = 1)",
            "keep its height and width: max_pool(3, stride = 1, pad = same)",
        ),
        (
            "conv(8, 3, pad = valid)",
            "the default keeps the size of the map: concat [ here, conv(8, 1), conv(8, 3) ]",
        ),
        (
            "max_pool(3)",
            "a pool that keeps the size of the map: "
            "concat [ here, conv(8, 1), max_pool(3, stride = 1, pad = same) ]",
        ),
        ("max_pool(3, stride = 1) -> max_pool(3, stride = 1)", None),
    ],
)
def test_the_padding_that_a_branch_lacks(pool, help):
    spec = f"model Net {{\n  input 9x9x3\n  concat [ here, conv(8, 1), {pool} ]\n}}\n"
    (found,) = cnndsl.check(spec)
    assert (found.code, found.help) == ("E302", help)


@pytest.mark.parametrize(
    ("statement", "codes"),
    [
        ("x = nothing\n  x -> relu\n  add [ here, x ]", ["E101"]),
        ("let a = nothing\n  conv(a, 3) -> conv(a + 1, 3)", ["E102"]),
        ("stage s { nothing }\n  s -> relu : 1x1x1", ["E101"]),
        ("for i in nothing { relu as x }\n  x1 -> relu", ["E102"]),
        ("conv(0, 3) -> dense(3) -> flatten -> softmaxx", ["E205", "E101"]),
        ("expect params nothing\n  expect total 1", ["E102"]),
    ],
)
def test_what_a_mistake_leaves_unknown_is_not_a_mistake(statement, codes):
    assert [
        d.code for d in cnndsl.check(f"model N {{\n  input 8x8x3\n  {statement}\n}}\n")
    ] == codes


def test_a_mistake_that_several_models_share_is_reported_once():
    spec = "block unit { nothing }\n" + "".join(
        f"model M{n} {{\n  input 8x8x3\n  unit\n}}\n" for n in range(3)
    )
    assert [found.code for found in cnndsl.check(spec)] == ["E101"]


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("botleneck", {"bottleneck", "conv"}, "bottleneck"),
        ("sdg", {"sgd", "adam"}, "sgd"),
        ("Conv2D", {"conv", "convs"}, "conv"),
        ("ReLU", {"relu", "elu"}, "relu"),
        ("BatchNorm2d", {"bn", "layer_norm"}, "bn"),
        ("silu", {"swish", "elu"}, "swish"),
        ("depth", {"width", "stride"}, None),
        ("x", {"y"}, None),
        ("nothing", set(), None),
        ("a" * 100, {"a" * 99}, None),
    ],
)
def test_the_closest_name(word, known, found):
    assert closest(word, known) == found


def test_a_branch_whose_shapes_are_unknown_along_the_way_is_compared_by_its_end():
    text = """\
model Net {
  input 8x8x3
  small = conv(3, 3, pad = valid)
  other = small
  concat [ nothing -> relu -> small, conv(4, 1), conv(4, 1) ]
}
"""
    assert sorted(found.code for found in cnndsl.check(text)) == ["E101", "E302"]


def test_a_space_behind_a_brace_is_no_bracket():
    text = """\
model Net {
  input 8x8x3
  stage a { convconv(4, 3) }  : [8, 8}
, 4]
  preprocess {\x20
    mean [0.5, 0.5, 0.5]
  }
}
"""
    assert [found.code for found in cnndsl.check(text)] == ["E101", "E006", "E015"]


def test_a_recipe_is_data_without_tensors():
    recipe = "optimizer sgd(momentum = {})\n schedule constant(0.1)\n epochs 1\n batch 1"
    text = f"model Net {{{{\n  input 8x8x3\n  conv(4, 3)\n  train {{{{ {recipe} }}}}\n}}}}"
    (found,) = cnndsl.check(text.format("[0.9, in]"))
    assert found.code == "E201"
    assert found.primary.span.text == "in"
    assert not cnndsl.check(text.format("1 / in.height"))


def test_failed_assertions_of_several_models_are_reported_together():
    text = """\
model A {
  input 8x8x3
  conv(4, 3)
  expect params 1
  expect macs 1
}
model Wrong {
  input 8x8x3
  x = conv(4, 3) -> nothing
  conv(4, 3)
  expect params 2
}
model B {
  input 8x8x3
  conv(4, 1)
  expect params 3
}
model C = B { expect params 4 }
"""
    found = [(each.primary.span.line, each.code) for each in cnndsl.check(text)]
    assert found == [(4, "E401"), (5, "E401"), (9, "E101"), (16, "E401"), (18, "E401")]


def test_a_mistake_that_models_share_leaves_all_their_counts_alone():
    text = "block unit { x = nothing }\n" + "".join(
        f"model M{n} {{\n  input 8x8x3\n  unit\n  conv(4, 1)\n  expect params 1\n}}\n"
        for n in range(2)
    )
    assert [found.code for found in cnndsl.check(text)] == ["E101"]


def test_a_chain_behind_a_bare_let_is_a_mistake():
    assert cnndsl.check("model Net {\n  input 8x8x3\n  let -> relu\n}\n")


SURPLUS = {
    "model Net {\n  input 9x9x3\n  stage a { relu }@}\n  stage b { relu }\n  stage c { relu }\n}\n",
    "model Net {\n  input 9x9x3\n  for n in [8] {\n    conv(n, 3) }\n  @}\n  relu\n}\n",
    "model Net {\n  input 9x9x3\n  add [ relu, { relu }@} ]\n  relu\n}\nmodel B {\n  input 3\n}\n",
    "model Net {\n  input 9x9x3\n  stage a {\n    relu }@}\n    relu\n  @}\n  relu\n}\n",
    "block unit(n) { conv(n, 3) }@}\n\nmodel Net {\n  input 9x9x3\n  unit(8)\n}\n",
}


@pytest.mark.parametrize("marked", sorted(SURPLUS))
def test_a_brace_too_many_is_told_where_it_is(marked: str):
    text, places = "", []
    for part in marked.split("@"):
        text += part
        places.append(len(text))
    found = cnndsl.check(text)
    assert [(d.code, d.primary.span.start) for d in found] == [("E007", at) for at in places[:-1]]


def test_layers_that_a_mistake_keeps_from_running_are_not_idle():
    text = """
    block twice(n) {
      shared run = conv(4, 1)
      x = here
      for i in 0 .. in.height // n { x = x -> run }
      x
    }
    model Net {
      input 16x16x4
      add [ here, conv(3, 1) ]
      twice(4)
    }
    """
    assert [found.code for found in cnndsl.check(text)] == ["E301"]


def test_a_block_named_like_an_op_leaves_its_uses_alone():
    text = """
    block dense(n, width, kernel) { conv(width, kernel) -> relu }
    model Net {
      input 16x16x4
      dense(2, 8, 3)
      global_avg_pool -> dense(10)
    }
    """
    assert [found.code for found in cnndsl.check(text)] == ["E103"]
