"""`--model` and `--set`: what is asked for is elaborated alone, and has to have the parameters."""

import json

import pytest

import cnndsl
from cnndsl.elaborate import context
from cnndsl.zoo.index import find, spec_path

SPEC = """\
model Good(classes = 10) {
  input 8x8x3
  flatten -> dense(classes)
  expect params 1_930
}
model Bad(width = 4) {
  input 8x8x3
  conv(width, 3)
  expect params 3
}
model Broken(depth = 1) {
  input 8x8x3
  conv(4, 9, pad = valid) * depth
}
"""
TWO = """\
model Wide(width = 4, classes = 10) {
  input 8x8x3
  conv(width, 3) -> flatten -> dense(classes)
}
model Plain(classes = 10) {
  input 8x8x3
  flatten -> dense(classes)
}
model Base(filters, depth = 1) {
  input 8x8x3
  conv(filters, 3) * depth
}
"""


@pytest.fixture(autouse=True)
def specs(folder):
    (folder / "spec.cnn").write_text(SPEC)
    (folder / "two.cnn").write_text(TWO)


# --- one model ------------------------------------------------------------------------


def test_the_mistakes_of_other_models_do_not_matter(run, folder):
    assert run("compile", "spec.cnn").code == 1
    result = run("compile", "spec.cnn", "--model", "Good")
    assert (result.code, result.err) == (0, "")
    code = (folder / "generated" / "spec.py").read_text()
    assert "class Good(" in code
    assert "class Bad(" not in code


@pytest.mark.parametrize("stage", ["ast", "ir", "py"])
def test_every_stage_is_of_that_model(run, stage):
    result = run("compile", "spec.cnn", "--model", "Good", "--emit", stage)
    assert (result.code, result.err) == (0, "")


def test_its_own_mistakes_do(run):
    result = run("summary", "spec.cnn", "--model", "Bad")
    assert result.code == 1
    assert "error[E401]" in result.err
    assert "E304" not in result.err


def test_a_summary_is_of_that_model(run):
    (good,) = json.loads(run("summary", "spec.cnn", "--model", "Good", "--json").out)
    assert (good["model"], good["params"]) == ("Good", 1_930)


def test_a_mistake_of_syntax_is_everybodys(run, folder):
    (folder / "spec.cnn").write_text(SPEC + "model {")
    assert run("summary", "spec.cnn", "--model", "Good").code == 1


def test_one_model_as_a_function():
    assert cnndsl.compile(SPEC).code is None
    assert cnndsl.compile(SPEC, model="Good").code is not None
    assert [d.code for d in cnndsl.compile(SPEC, model="Broken").diagnostics] == ["E304"]


# --- parameters -----------------------------------------------------------------------


@pytest.mark.parametrize("command", ["compile", "summary"])
@pytest.mark.parametrize("spec", [["LeNet5"], ["LENET5", "--model", "LeNet5"]])
def test_the_model_has_to_have_the_parameter(run, command, spec):
    path = str(spec_path(find("LeNet5")))
    spec = [path if word == "LENET5" else word for word in spec]
    result = run(command, *spec, "--set", "classes=12")
    assert (result.code, result.out) == (2, "")
    assert "`LeNet5`" in result.err
    assert "has no parameter `classes`" in result.err


def test_parameters_of_other_models_are_no_help(run):
    result = run("summary", "two.cnn", "--model", "Plain", "--set", "width=8")
    assert result.code == 2
    assert "`Plain` of two.cnn has no parameter `width`" in result.err
    assert "help: its parameters are classes" in result.err
    near = run("summary", "two.cnn", "--model", "Plain", "--set", "clases=8")
    assert "help: did you mean `classes`?" in near.err


def test_what_some_models_have_applies_to_those(run):
    networks = json.loads(run("summary", "two.cnn", "--set", "width=8", "--json").out)
    assert [(n["model"], n["params"]) for n in networks] == [("Wide", 5_354), ("Plain", 1_930)]


def test_what_no_compiled_model_has_is_wrong(run):
    result = run("compile", "two.cnn", "--set", "depth=2")
    assert result.code == 2
    assert "no model of two.cnn has a parameter `depth`" in result.err


def test_a_base_whose_parameters_are_set_is_compiled(run):
    done = run("summary", "two.cnn", "--set", "filters=2", "--set", "depth=2", "--json")
    assert [n["model"] for n in json.loads(done.out)] == ["Wide", "Plain", "Base"]


def test_parameters_as_a_function():
    with pytest.raises(ValueError, match="`Plain` of <spec> has no parameter `width`"):
        cnndsl.compile(TWO, model="Plain", set={"width": 8})
    with pytest.raises(ValueError, match="no model of <spec> has a parameter `depth`"):
        cnndsl.compile(TWO, set={"depth": 2})
    assert cnndsl.compile(TWO, set={"width": 8}).code is not None


def test_a_model_of_the_zoo_is_elaborated_alone(run, monkeypatch):
    monkeypatch.setattr(context, "MAX_NODES", 2_000)
    assert run("check", "ResNet20").code == 0
    assert run("summary", "ResNet20").code == 0
    assert run("check", "ResNet1202").code == 1
