"""Layers that an author brings: `op … from "module:Class"`, from the spec to the module's text."""

import ast
import subprocess

import pytest
from ruff import find_ruff_bin

from cnndsl.api import check, compile, summarize
from cnndsl.cli import main
from cnndsl.pipeline import check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax.validate import validate
from tests.targets.parse import parse_module

GATE = """\
op gate(width, act = "relu", ratio = 0.5, sizes = [1, 2]) from "my.layers:Gate" {
  shape in.shape
  params [in.channels, width], [width, in.channels], []
  state [in.channels]
  macs 2 * width * in.channels
}
"""


def model(body, above=GATE, parameters="classes = 10", size="8x8x4"):
    return f"{above}\nmodel Net({parameters}) {{\n  input {size}\n  {body}\n}}\n"


def built(code, callee="Gate"):
    """The calls of a class in a module, as text."""
    calls = (node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call))
    return [ast.unparse(c) for c in calls if isinstance(c.func, ast.Name) and c.func.id == callee]


def codes(text, **options):
    return [found.code for found in check(text, **options)]


def test_the_class_is_imported_and_gets_all_arguments_by_name():
    code = compile(model("gate(4, ratio = 0.25)")).code
    assert "from my.layers import Gate\n" in code
    gate = "Gate(4, width=4, act='relu', ratio=0.25, sizes=(1, 2), rngs=rngs)"
    assert built(code) == [gate]


def test_tensors_and_cost_are_those_that_the_spec_says():
    (summary,) = summarize(model("gate(3) -> gate(5)")).summaries
    assert summary.params == (12 + 12 + 1) + (20 + 20 + 1)
    assert summary.total == summary.params + 4 + 4
    assert summary.macs == 2 * 3 * 4 + 2 * 5 * 4


def test_channels_follow_what_the_spec_says_of_the_shape():
    shape = "[in.height // 2, in.width, by * in.channels]"
    widen = f'op widen(by = 2) from "m:Widen" {{ shape {shape} }}\n'
    block = "block unit(n) { widen(n) -> conv(in.channels, 1) }\n"
    code = compile(model("unit(3) -> unit(2) -> flatten -> dense(classes)", widen + block)).code
    assert "Widen(in_features, by=n, rngs=rngs)" in built(code, "Widen")
    assert "nnx.Conv(n * in_features, in_features, (1, 1), rngs=rngs)" in code


def test_an_argument_of_the_model_stays_one():
    head = 'op head(units) from "m:Head" {\n  shape units\n  params [in.channels, units]\n}\n'
    code = compile(model("global_avg_pool -> head(classes) -> dense(classes)", head)).code
    assert built(code, "Head") == ["Head(4, units=classes, rngs=rngs)"]
    assert "nnx.Linear(classes, classes, rngs=rngs)" in code


def test_nothing_is_imported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text("raise SystemExit('imported')")
    keep = 'op keep() from "mine:Keep" { shape in.shape }'
    (tmp_path / "net.cnn").write_text(model("keep", keep))
    for command in ("check", "compile", "summary"):
        assert main([command, "net.cnn"]) == 0
    assert "from mine import Keep" in (tmp_path / "generated" / "net.py").read_text()


OPS = """\
op keep(eps = 1e-5) from "m:Keep" { shape in.shape }

op widen(n, by = 2 * n) from "m:Widen" {
  shape [in.height // 2, in.width, n]
  params [in.channels, by]
}

op units(n) from "m:Units" {
  shape n
  params [in.channels, n]
}

op causal(n) from "m.signals:Causal" {
  shape [in.length, n]
  params [3, in.channels, n]
}

op deep() from "m.clips:Deep" { shape [in.depth, in.height // 2, in.width, in.channels + 1] }
"""
BODIES = {
    "loop": "for n in [3, 5, 7] { stage s { widen(n) -> keep } }",
    "carried": "for i in 0 .. 2 { widen(in.channels * (i + 1)) }",
    "repeated": "keep * 4 -> { widen(4) -> conv(4, 3) } * 2",
    "branch": "for i in 0 .. 3 { if i % 2 == 0 { widen(4) } else { conv(4, 3) } }",
    "flag": "if wide { widen(4, by = 9) } else { widen(6) }",
    "default": "widen(n) -> conv(n, 1) -> keep(0.1)",
    "shared": "shared k = keep -> relu\n  a = k\n  conv(4, 1) -> k\n  add [ here, a ]",
    "merged": "concat [ keep, conv(3, 1) -> keep, for e in [0.1, 0.2] { keep(e) } ]",
    "head": "aux side { global_avg_pool -> units(classes) }\n  global_avg_pool -> units(classes)",
    "argument": "use_it(keep) -> use_it(bn) -> use_it(none) -> use_it(keep(0.5), relu)",
    "handed on alone": "hand_on(keep(0.5))",
    "vector": "global_avg_pool -> units(7) -> keep -> any_rank",
    "rank": "any_rank -> global_avg_pool -> any_rank",
    "block of one": "only(3) -> only(5)",
    "unread": "x = widen(3)\n  keep",
}
BLOCKS = """
block use_it(norm, act = keep) { conv(4, 3) -> norm -> act }
block hand_on(norm) { if false { norm } else { relu } }
block any_rank { keep -> relu }
block only(n) { widen(n) }
"""


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_ops_stand_wherever_those_of_the_language_do(body):
    parameters = "classes = 10, wide = true, n = 5"
    assert compile(model(body, OPS + BLOCKS, parameters)).code is not None


def test_ops_of_other_ranks():
    assert "Causal(4, n=8, rngs=rngs)" in compile(model("causal(8)", OPS, size="64x4")).code
    assert "Deep(2, rngs=rngs)" in compile(model("deep", OPS, size="4x8x8x2")).code
    assert "Units(9, n=3, rngs=rngs)" in compile(model("units(3)", OPS, size="9")).code
    assert codes(model("causal(8)", OPS)) == ["E118"]


@pytest.mark.parametrize(
    ("origin", "name", "line"),
    [
        ("m:Net", "mine", "from m import Net as Net_\n"),
        ("m:Unit", "mine", "from m import Unit\n"),
        ("m:dict", "mine", "from m import dict as Dict\n"),
        ("m:x", "mine", "from m import x as X\n"),
        ("m:WIDTH", "mine", "from m import WIDTH as WIDTH_\n"),
        ("m:PReLU", "mine", "from m import PReLU as PReLU_\n"),
        ("m:_hidden", "mine", "from m import _hidden as Hidden\n"),
        ("m:Mish", "mish", "from m import Mish\n"),
        ("m:Norm", "norm", "from m import Norm\n"),
        ("m:Init", "init", "from m import Init\n"),
        ("m:X", "x", "from m import X\n"),
        ("m:Self", "rngs", "from m import Self\n"),
    ],
)
def test_names_that_others_have(origin, name, line):
    """Of a model, a block, a parameter, a word of Python, a definition that modules carry."""
    above = f"""op {name}(window, init, weight = 1, frozen = true, x = "x") from "{origin}" {{
  shape in.shape
}}

block unit(WIDTH) {{ conv(WIDTH, 3) -> prelu -> {name}(2, [3]) -> relu }}
"""
    code = compile(model(f"unit(8) -> unit(4) -> {name}(WIDTH, 1)", above, "WIDTH = 3")).code
    assert line in code
    (call,) = [c for c in built(code, line.split()[-1]) if c.endswith("rngs=rngs)") and "(3,)" in c]
    assert "window=2, init=(3,), weight=1, frozen=True, x='x', rngs=rngs)" in call


def test_imports_are_sorted_as_ruff_sorts_them(tmp_path):
    classes = (
        "aaa:Z m.n:A2 m.n:WIDTH m.n:Mish m.n:_under m.n:Net m.n:x jax_layers:Seq Zoo:C".split()
    )
    ops = [f'op k{i}() from "{origin}" {{ shape in.shape }}' for i, origin in enumerate(classes)]
    body = " -> ".join(f"k{i}" for i in range(len(classes)))
    (tmp_path / "net.py").write_text(compile(model(body, "\n".join(ops))).code)
    ruff = [find_ruff_bin(), "check", "--isolated", "--select", "I", str(tmp_path / "net.py")]
    done = subprocess.run(ruff, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "from m.n import Net as Net_\n" in (tmp_path / "net.py").read_text()


def test_two_ops_of_one_class_differ_in_their_parameters():
    first = 'op a(n) from "m:Class" { shape in.shape }\n'
    other = 'op b(n, k = 2) from "m:Class" { shape [in.height, in.width, n] }\n'
    code = compile(model("a(1) -> b(2)", first + other)).code
    assert built(code, "Class") == ["Class(4, n=1, rngs=rngs)", "Class(4, n=2, k=2, rngs=rngs)"]
    same = 'op b(n) from "m:Class" { shape [in.height, in.width, n] }\n'
    assert codes(model("a(1) -> b(2)", first + same)) == ["E123"]


def test_ops_of_other_files(tmp_path):
    (tmp_path / "lib.cnn").write_text("fn twice(n) = 2 * n\n" + OPS.replace("2 * n", "twice(n)"))
    spec = tmp_path / "net.cnn"
    spec.write_text(model("widen(3) -> keep", 'use "lib.cnn"', parameters=""))
    assert check(spec.read_text(), folder=str(tmp_path), warnings=True) == []
    (summary,) = summarize(spec.read_text(), folder=str(tmp_path)).summaries
    assert summary.params == 4 * 6


def test_what_is_seldom_meant():
    mish = 'op mish() from "m:Mish" { shape in.shape }\n'
    text = model("conv(8, 3) -> mish", OPS + mish, parameters="")
    found = [(each.code, each.message) for each in check(text, warnings=True)]
    names = ("keep", "widen", "units", "causal", "deep")
    unused = [("W101", f"nothing uses the op `{name}`") for name in names]
    assert found == [*unused, ("W106", "this definition hides the op `mish`")]


def test_names_of_the_language_stay_what_they_are():
    assert codes(model("conv(3, 1)", 'op conv(n) from "m:Conv" { shape in.shape }')) == ["E103"]
    assert codes(model("op = conv(3, 1)\n  from = op -> relu\n  add [ op, from ]", "")) == []
    assert codes(model("keep = conv(3, 1)\n  keep", OPS)) == ["E108"]
    assert codes(model("keep -> keeep", OPS)) == ["E101"]
    assert codes(model("widen", OPS)) == ["E105"]
    assert codes(model("widen(3, to = 2)", OPS)) == ["E106"]
    assert codes(model("widen(here)", OPS)) == ["E205"]
    assert codes(model("keep(relu)", OPS)) == ["E205"]


def test_claims_have_a_budget():
    counted = 'op slow() from "m:Slow" { shape [sum([i for i in 0 .. 900_000]), 1, 1] }'
    assert codes(model("slow -> slow", counted)) == ["E207"]
    nested = "[" * 600 + "1" + "]" * 600
    assert codes(model(f"keep({nested})", OPS)) == ["E205"]


@pytest.mark.parametrize(
    ("said", "instead"),
    [
        ("width=6", "width=5"),
        ("ratio=0.5", "ratio=0.25"),
        ("sizes=(1, 2)", "sizes=(1, 2, 3)"),
        ("act='relu', ", ""),
        ("Gate(4", "Gate(3"),
        ("sizes=(1, 2), rngs=rngs", "sizes=(1, 2)"),
        ("self.gate2(x)", "self.gate1(x)"),
    ],
)
def test_another_module_is_not_proven(said, instead):
    checked = check_source(Source("net.cnn", model("gate(6) -> gate(7)")))
    code = ast.unparse(ast.parse(compile_checked(checked).code))
    assert validate(parse_module(code), checked.networks) == []
    assert said in code
    assert validate(parse_module(code.replace(said, instead, 1)), checked.networks) != []
