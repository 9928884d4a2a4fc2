"""Mistakes behind other ones: all that a text has is told at once, and nothing that follows."""

import pytest

import cnndsl
from cnndsl.fixes import edited, fixes


def told(text: str) -> list[tuple[int, str]]:
    return [(each.primary.span.line, each.code) for each in cnndsl.check(text)]


def model(body: str, head: str = "") -> str:
    return f"{head}model Net(classes = 2) {{\n  input 8x8x3\n{body}\n}}\n"


def test_a_line_that_cannot_be_read_hides_no_mistake_of_meaning():
    body = "  bn(momentum = 90) -> dropout(50)\n  dense(4)\n  expect macs 120 wide numbers"
    assert told(model(body)) == [(3, "E205"), (3, "E205"), (4, "E304"), (5, "E014")]


def test_counts_are_held_against_the_network_where_an_edit_mends_the_syntax():
    body = "  conv(4, 3) => relu\n  expect params 7"
    assert told(model(body)) == [(3, "E013"), (4, "E401")]


def test_behind_a_statement_that_cannot_be_read_no_shape_is_known():
    body = "  conv(4, 3) 7 relu\n  conv(8, 3) : 1x1x8\n  softmaxx\n  conv(0, 3)"
    assert told(model(body)) == [(3, "E015"), (5, "E101"), (6, "E205")]


@pytest.mark.parametrize(
    "body",
    [
        "  x = conv(4, 3) 7 relu\n  x -> conv(2, 3)\n  add [ x, here ]",
        "  for i of [1, 2] { conv(i, 3) as a }\n  a1 -> relu : 1x1x1",
        "  let f 3\n  conv(f, 3)\n  let g = f * f\n  conv(g, 3)",
        "  if here.height 3 { flatten }\n  dense(3)",
        "  stage a b { conv(3, 3) }\n  a -> relu",
        "  train { epochs , 3 }",
    ],
)
def test_what_follows_from_a_lost_statement_is_silent(body):
    assert len(told(model(body))) == 1


def test_what_a_lost_head_would_have_named_is_not_missing():
    head = "block unit(width height) {\n  conv(width, 3) -> conv(height, 3)\n}\n"
    assert told(model("  unit(3, 4)\n  nothing", head)) == [(1, "E014"), (7, "E101")]


def test_shapes_show_behind_a_mistake_of_shape_that_has_an_edit():
    head = "block unit(f, s) {\n  add [ here, conv(f, 3, stride = s) ]\n}\n"
    body = "  unit(6, 2) : 4x4x6\n  unit(12, 2) : 2x2x99"
    assert told(model(body, head)) == [(2, "E301"), (7, "E305")]


def test_a_brace_that_is_missing_is_closed_where_the_indentation_says():
    body = "  stage a {\n    conv(4, 3)\n  stage b { flatten : 7 }\n  softmaxx"
    assert {code for _, code in told(model(body))} == {"E006", "E305", "E101"}


def test_an_asserted_count_with_commas_is_held_against_the_network():
    assert told(model("  conv(4, 3)\n  expect params 1,000")) == [(4, "E010"), (4, "E401")]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("expect params 1,008", "expect params 1_008"),
        ("expect macs 120 MMACs", "expect macs 120M"),
        ("expect macs 1.8 GFLOPs", "expect macs 1.8G"),
        ("expect params 25.6 million", "expect params 25.6M"),
        ("expect params 1,008 params within 1%", "expect params 1_008 within 1%"),
        ("{ conv(3, 3) -> relu * 2", "{ conv(3, 3) -> relu } * 2"),
        ("3 x { conv(3, 3) -> relu }", "{ conv(3, 3) -> relu } * 3"),
        ("repeat 4 { conv(3, 3) }", "{ conv(3, 3) } * 4"),
        ("conv(3, 3) x 2", "conv(3, 3) * 2"),
        ("{ conv(3, 3) -> relu } x3", "{ conv(3, 3) -> relu } * 3"),
        ("conv(3, 3); relu;", "conv(3, 3) -> relu"),
        ("let n = 3; conv(n, 3)", "let n = 3\nconv(n, 3)"),
        ("conv(3, 3)  s = here  max_pool(2)", "conv(3, 3)\ns = here\nmax_pool(2)"),
        ("conv(3, 3)\n  : 8x8x3", "conv(3, 3) : 8x8x3"),
    ],
)
def test_an_edit_writes_the_line_as_it_is_meant(line, meant):
    text = model(f"  {line}")
    for _ in range(3):
        found = next((each for each in cnndsl.check(text) if each.code < "E1"), None)
        text = edited(text, fixes(found)) if found else text
    assert f"  {meant}\n" in text


def test_a_value_above_a_model_goes_into_it_and_hides_nothing():
    text = "widths = [4, 'M', 8]\n\n" + model("  for w in widths { conv(w, 3, padding = 1) }")
    assert {code for _, code in told(text)} == {"E013", "E106"}
    first = cnndsl.check(text)[0]
    assert '  input 8x8x3\n  let widths = [4, "M", 8]\n' in edited(text, fixes(first))


@pytest.mark.parametrize(("asserted", "input"), [("8x8x4", "8x8"), ("[8, 8, 4]", "[8, 8]")])
def test_an_image_without_channels_is_told_where_it_stands(asserted, input):
    text = model(f"  conv(4, kernel_size = 3) : {asserted}").replace("8x8x3", input, 1)
    assert told(text) == [(2, "E308"), (3, "E106")]


def test_the_channels_that_arrive_are_told_where_they_stand_behind_a_sum():
    unit = "  add [\n    here\n    depthwise(dim, 7x7) -> conv(dim, 1)\n  ]\n"
    text = f"block unit(dim) {{\n{unit}}}\nmodel M {{\n  input 32x32x16\n  unit(16)\n}}\n"
    (found,) = cnndsl.check(text)
    assert found.code == "E308"
    assert not cnndsl.check(edited(text, fixes(found)))


def test_the_sizes_of_an_image_may_stand_with_commas():
    text = model("  conv(4, 3)").replace("8x8x3", "8, 8, 3")
    (found,) = cnndsl.check(text)
    assert edited(text, fixes(found)) == model("  conv(4, 3)")
