"""Warnings: each has an example with a golden text, can be silenced, and is none of the zoo's.

`UPDATE_GOLDENS=1 pytest tests/test_warnings.py` rewrites the goldens; read what changed.
"""

import json
import os
import time
from pathlib import Path

import pytest

import cnndsl
from cnndsl.advice import EXPLANATIONS
from cnndsl.cli import main
from cnndsl.diagnostics import Severity
from cnndsl.files import Files
from cnndsl.pipeline import check_source, warnings
from cnndsl.source import Source

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "tests" / "warnings"
EXAMPLES = sorted(FOLDER.glob("*.cnn"))
NET = "model Net(classes = 10) {{\n  input {}\n  {}\n  expect output 10\n}}\n"


def seen(text: str) -> list[tuple[str, str]]:
    """The code of every warning, and the text under it."""
    checked = check_source(Source("net.cnn", text), Files("net.cnn", str(FOLDER)).load)
    assert not checked.diagnostics
    return [(found.code, found.primary.span.text) for found in warnings(checked)]


def net(body: str, image: str = "32x32x3") -> str:
    return NET.format(image, body + "\n  global_avg_pool -> dense(classes)")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_drawn_as_its_golden_says(example, capsys, monkeypatch):
    monkeypatch.chdir(FOLDER)
    assert main(["check", example.name]) == 0
    drawn = capsys.readouterr().err
    golden = example.with_suffix(".txt")
    if "UPDATE_GOLDENS" in os.environ:
        golden.write_text(drawn, encoding="utf-8")
    assert drawn == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_strict_makes_warnings_fail(example, capsys):
    assert main(["check", str(example), "--strict", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {each["severity"] for each in found} == {"warning"}
    assert example.stem in {each["code"] for each in found}


@pytest.mark.parametrize(
    ("body", "image", "codes"),
    [
        ("conv(3, 64, 3) -> relu", "224x224x3", ["W301"]),
        ("conv(3, 16, 1, pad = 1) -> relu", "224x224x3", ["W301"]),
        ("depthwise(16, 3) -> relu", "224x224x16", ["W301"]),
        ("depthwise(16, 7x7) -> relu", "224x224x16", ["W301"]),
        ("depthwise(3, 2) -> relu", "224x224x3", []),
        ("depthwise(17, 3) -> relu", "224x224x16", []),
        ("conv(3, 7, 2) -> relu", "224x224x3", []),
        ("conv(16, 31, 4) -> relu", "224x224x3", []),
        ("conv(3, 31, stride = 3) -> relu", "224x224x3", []),
        ("for i in [1, 2] {\n  { let i = 8\n    conv(i, 3) -> relu }\n  }", "8x8x3", ["W106"]),
        ("for i in [1, 2] {\n  let i = 8 * i\n  conv(i, 3) -> relu\n  }", "8x8x3", []),
    ],
)
def test_what_is_meant_otherwise_is_told_from_what_is_not(body, image, codes):
    assert [code for code, _ in seen(net(body, image))] == codes


def test_every_warning_has_an_example():
    codes = {code for code in EXPLANATIONS if code.startswith("W")}
    assert codes == {example.stem for example in EXAMPLES}


def test_the_zoo_has_no_warnings(capsys):
    assert main(["check", str(ROOT / "specs"), "--strict"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_comment_silences_a_line_or_a_file(example):
    text = example.read_text(encoding="utf-8")
    loaded = Files("net.cnn", str(FOLDER)).load
    first, *more = warnings(check_source(Source("net.cnn", text), loaded))
    lines = text.split("\n")
    at = first.primary.span.line - 1
    elsewhere = sum(each.primary.span.line != at + 1 for each in more)
    for comment, left in (("", elsewhere), (f" {first.code}", elsewhere), (" W999", 1 + len(more))):
        noted = [*lines[:at], f"{lines[at]}  # cnndsl: ignore{comment}", *lines[at + 1 :]]
        assert len(seen("\n".join(noted))) == left
    whole = f"{text}\n# cnndsl: ignore {first.code}\n"
    assert first.code not in {code for code, _ in seen(whole)}
    assert seen(f"{text}\n# cnndsl: ignore\n") == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_python_gives_the_same_warnings_where_it_is_asked_for_them(example):
    text = example.read_text(encoding="utf-8")
    assert cnndsl.check(text, folder=str(FOLDER)) == []
    found = cnndsl.check(text, folder=str(FOLDER), warnings=True)
    assert [(each.code, each.primary.span.text) for each in found] == seen(text)
    assert {each.severity for each in found} == {Severity.WARNING}


def test_python_gives_the_errors_alone_of_a_spec_that_is_wrong():
    (found,) = cnndsl.check("model Net { input 3x32x32\n nothing }", warnings=True)
    assert found.severity is Severity.ERROR


def test_an_error_leaves_warnings_unsaid(capsys, tmp_path):
    spec = tmp_path / "net.cnn"
    spec.write_text("block unused { relu }\nmodel Net { input 3x32x32\n nothing }\n")
    assert main(["check", str(spec)]) == 1
    assert "warning[" not in capsys.readouterr().err


# --- no false ones ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "block library(width) { conv(width, 3) }\nfn half(n) = n // 2\n",
        net("y = conv(8, 3)\n  add [ y, y -> bn -> relu ]"),  # the bias reaches the sum
        net("conv(8, 3) -> relu -> bn"),
        net("conv(8, 1, bias = false) -> bn -> conv(8, 3)"),
        net("depthwise(3) -> conv(8, 1)"),
        net("conv(8, 3) -> relu -> conv(8, 3)"),
        net("conv(8, 3)", "3x32x3"),
        net("conv(8, 1)", "1x64x3"),
        net("bn(momentum = 0.5)"),
        net("conv(8, 32)"),
        net("for i in [1, 2] { relu }").replace("for i", "for _"),
        net("let n = 8\n  let n = n + 1\n  conv(n, 3)"),
        net("x = relu\n  add [ here, x ]"),
        net("if classes == 3 { x = relu } else { x = here }\n  x"),
        net("let x = none\n  if x == none { let x = 3\n  x = relu * x }\n  x"),
        net("let n = none\n  if n == none { relu }"),
        "block unit(x = none) { if x == none { x = relu }\n  x }\n" + net("unit"),
        "model A(n) {\n  input 8x8x3\n  relu * n\n}\nmodel B = A(2) { expect output [8, 8, 3] }\n",
        # names: rebound in their own scope, two loops one after the other, a use of a use
        net("for i in [1, 2] { relu }\n  for i in [1, 2] { relu * i }"),
        net("let n = 1\n  for i in [1, 2] { let n = n + i }\n  relu * n"),
        net("let ws = [w + 1 for w in [1, 2]]\n  let vs = [w for w in ws]\n  relu * vs[0]"),
        net("for i, n in [[i, 2 * i] for i in [1, 2]] { relu * (i + n) }"),
        net("add [ for i in [i + 1 for i in [1, 2]] { relu * i } ]"),
        net("let ns = [n for n in [n + 1 for n in [1, 2]]]\n  relu * ns[0]"),
        net("{ let n = 8\n  conv(n, 3) -> relu }\n  let n = 9\n  conv(n, 3)"),
        net("y = relu\n  { y -> relu }"),
        'use "used/outer.cnn"\n' + net("unit(8)"),
        'use "used/blocks.cnn"\n',
        'use "used/blocks.cnn"\nblock twice(n) { unit(n) * 2 }\n' + net("twice(8)"),
        # pixels: a projection, overlapping windows, a border of a large map
        net("conv(8, 1, stride = 2) -> relu -> conv(8, 3, stride = 2, pad = valid)", "33x33x3"),
        net("max_pool(3, stride = 2) -> avg_pool(1, stride = 2)", "32x32x3"),
        net("conv(8, 11, stride = 4, pad = valid)", "224x224x3"),
        net("max_pool(2)", "227x227x3"),
        net("max_pool(2, pad = same) -> max_pool(2, pad = [0, 1, 0, 1])", "15x15x3"),
        net("max_pool(2, ceil = true)", "15x15x3"),
        net("conv(8, 3, stride = 4, dilation = 2)"),
        # rates that are computed
        net("for i in [0, 1] { drop_path(0.1 * i) -> relu }"),
        net("for rate in [0.0, 0.1] { dropout(rate) -> relu }"),
    ],
)
def test_what_is_meant_is_not_warned_of(text):
    assert seen(text) == []


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (net("for i in [1, 2] { for i in [3] { relu * i } }"), ["W106"]),
        ("fn f(c, cs) = [c for c in cs]\n" + net("relu * (f(1, [2])[0])"), ["W106"]),
        (net("let n = 1\n  let ns = [n for n in [1, 2]]\n  relu * (n + ns[0])"), ["W106"]),
        (net("for i in [1, 2] { let ns = [i for i in [3]]\n  relu * ns[0] }"), ["W106"]),
        (net("for i in [1, 2] { for j in [i for i in [3]] { relu * (i + j) } }"), ["W106"]),
        (net("conv(8, 3, bias = false) -> separable(8, 3) -> bn"), ["W304"]),
        (net("global_avg_pool -> dense(8) -> bn -> reshape([1, 1, 8])"), ["W304"]),
        (net("global_avg_pool -> dense(8, bias = false) -> bn -> reshape([1, 1, 8])"), []),
        (net("y = relu\n  { y = tanh\n  y } * 2\n  y"), ["W106"]),
        (net("abs = conv(8, 3)\n  abs"), ["W106"]),
        (net("grn").replace("model", "block grn { relu }\nmodel", 1), ["W106"]),
        (net("depthwise([1, 2], stride = [1, 3])"), ["W306"]),
        (net("conv(8, 4, stride = 4, pad = valid)", "30x30x3"), ["W306"]),
        (net("max_pool(2, pad = [1, 0, 1, 0])", "14x14x3"), ["W306"]),
        (net("drop_path(0.0)"), ["W307"]),
        ("model A { input 8x8x3\n relu }\nmodel B { input 8x8x3\n relu }\n", []),
        ("model A { input 8x8x3\n relu }\nmodel B = A { expect params 0 }\n", ["W401"]),
    ],
)
def test_what_is_seldom_meant_is_warned_of(text, codes):
    assert [code for code, _ in seen(text)] == codes


def test_a_warning_in_a_block_is_given_once():
    text = "block unit(n) { conv(n, 3) -> bn -> relu }\n" + net("unit(8) * 3 -> unit(4)")
    assert seen(text) == [("W304", "conv")]


@pytest.mark.parametrize(
    ("body", "wrong", "better"),
    [
        ("a, b = two\n  a", "b", "_"),
        ("a, b = two\n  here", "b", "_"),
        ("global_avg_pool -> dense(8) -> bn -> reshape([1, 1, 8])", "", ", bias = false"),
        ("separable(8, 3) -> bn", "", ", bias = false"),
        ("global_avg_pool -> dense(8, true) -> bn -> reshape([1, 1, 8])", None, None),
        ("conv(8, 3, 1, same) -> bn", None, None),
        ("conv(8, 3, 1, same, 1, 1, true) -> bn", None, None),
    ],
)
def test_what_would_be_better_is_an_edit(body, wrong, better):
    text = "block two { return relu, tanh }\n" if "two" in body else ""
    (*_, found) = cnndsl.check(text + net(body), warnings=True)
    if better is None:
        assert found.fix is None
        return
    assert found.fix is not None
    assert (found.fix.span.text, found.fix.text) == (wrong, better)


def test_a_pack_that_nothing_merges_is_told_to_be_merged():
    (found,) = cnndsl.check(net("xs = [ relu, tanh ]"), warnings=True)
    assert (found.code, found.help) == ("W104", "merge its tensors, concat xs, or leave it out")


def test_many_warnings_come_soon():
    lets = "".join(f"  let a{n} = {n}\n" for n in range(10_000))
    text = net(f"relu\n{lets}  conv(8, 3)")
    start = time.process_time()
    assert len(seen(text)) == 10_000
    assert len(seen(text + "# cnndsl: ignore W103\n")) == 0
    assert time.process_time() - start < 8  # a second or two
