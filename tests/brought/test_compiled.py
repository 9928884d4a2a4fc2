"""Layers that an author brings: `op … from "module:Class"`, from the spec to the module's text."""

import ast

from cnndsl.api import check, compile, summarize
from cnndsl.cli import main

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
