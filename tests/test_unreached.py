"""What no network reaches is checked for names, arguments and arity."""

from random import Random

import pytest

import cnndsl
from tests.writing import Writer

MODEL = "model Net(classes = 3) {{\n  input 8x8x3\n  {}\n}}\n"


def seen(text: str) -> list[tuple[str, str]]:
    """The code of every mistake, and the text under it."""
    return [(found.code, found.primary.span.text) for found in cnndsl.check(text)]


@pytest.mark.parametrize(
    ("text", "mistakes"),
    [
        ("fn f(n) = m // 2\n", [("E102", "m")]),
        ("fn f(n) = g(n)\n", [("E102", "g")]),
        ("fn f(n) = in.channels\n", [("E102", "in")]),
        ("fn f(n) = n\nfn g(n) = f(n, n)\n", [("E106", "n")]),
        ("block a(width) { conv(widht, 3) }\n", [("E102", "widht")]),
        ("block a { conv(3) -> relu(1) }\n", [("E105", "conv(3)"), ("E106", "1")]),
        ("block a { batch_norm }\n", [("E101", "batch_norm")]),
        ("block a { conv(3, strid = 1, padd = 2) }\n", [("E106", "strid"), ("E106", "padd")]),
        ("block a(b) { relu }\nblock c { a(1, 2) -> a }\n", [("E106", "2"), ("E105", "a")]),
        ("block a(b) { relu }\nblock c { a(1, b = 2) }\n", [("E107", "b = 2")]),
        ("block a { add [ ] }\n", [("E117", "add")]),
        ("fn f(n) = n\nblock a { f(3) -> add }\n", [("E113", "f"), ("E113", "add")]),
        (MODEL.format("if classes == 4 { conv(3, kernl = 3) }"), [("E106", "kernl")]),
        (MODEL.format("for i in [] { nothing }"), [("E101", "nothing")]),
        (MODEL.format("{ conv(nothing, 3) } * 0"), [("E102", "nothing")]),
        (MODEL.format("let n = 1 if true else m"), [("E102", "m")]),
        (MODEL.format("relu(1, 2, a = 3)"), [("E106", "1")]),
        (MODEL.format("conv(3, 3, a = 1, b = 2)"), [("E106", "a"), ("E106", "b")]),
        (MODEL.format("relu") + "model B = Net(a = 1, b = 3)\n", [("E106", "a"), ("E106", "b")]),
    ],
)
def test_mistakes_where_nothing_runs(text, mistakes):
    assert sorted(seen(text)) == sorted(mistakes)


@pytest.mark.parametrize(
    "text",
    [
        "block a(prev) { prev -> relu\n  if prev == none { x = in } else { x = here }\n  x }\n",
        "block a { for i, j in [[1, 2]] { let k = i + j }\n  conv(k, 3) }\n",
        "block a { let size = in.height\n  conv(size, 3)\n  y = relu\n  conv(y.channels, 3) }\n",
        MODEL.format("for i in [] { stage s { relu } }\n  if false { s2 }"),
        "fn f(a, b = a) = max(a, b)\nblock a(n = f(2)) { conv(f(n, b = 3), 3) }\n",
        MODEL.format("preprocess {\n    channels bgr\n    interpolation area\n  }"),
        "block a { { b = relu }\n  relu -> { b = here } }\n",
    ],
)
def test_what_is_right_is_not_reported(text):
    assert seen(text) == []


@pytest.mark.parametrize("seed", range(40))
def test_random_specs_have_no_mistakes_in_what_they_do_not_reach(seed):
    blocks = Writer(Random(seed)).spec().split("\nmodel ")[0]
    assert seen(blocks + "\n") == []


def test_an_unread_file_leaves_names_unknown():
    codes = [code for code, _ in seen('use "missing.cnn"\nblock a { other(helper(3)) }\n')]
    assert codes == ["E109"]


def test_a_mistake_that_runs_is_reported_once_with_its_instance():
    text = "block a(width) { conv(widht, 3) }\n" + MODEL.format("a(3)")
    (found,) = cnndsl.check(text)
    assert found.labels[-1].text == "in this instance: a[0], width = 3"


def test_mistakes_have_an_end():
    text = "block a {\n" + "  nothing(nowhere)\n" * 20_000 + "}\n"
    assert 0 < len(cnndsl.check(text)) <= 110
