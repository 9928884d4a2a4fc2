"""`cnndsl summary`: tables for people, JSON for programs."""

import json
from pathlib import Path

import pytest

SPECS = Path(__file__).parents[2] / "specs"
TABLE = """\
Net (net.cnn): 28 x 28 x 1 -> 10

stage  layers                    output       params    MACs
-----  ------------------------  -----------  ------  ------
stem   conv 3x3, max_pool 2x2/2  14 x 14 x 8      80  56,448
head   dense                     10           15,690  15,680
total                                         15,770  72,128

15,770 parameters, 72,128 MACs
"""


def test_the_table_by_stage(run):
    result = run("summary", "net.cnn")
    assert (result.code, result.err) == (0, "")
    assert result.out == TABLE


def test_state_is_told_where_there_is_any(run, folder):
    (folder / "norm.cnn").write_text("model Net { \ninput 8x8x3\n bn\n }\n")
    assert run("summary", "norm.cnn").out.endswith("\n6 parameters, 12 with state, 0 MACs\n")


def test_a_block_of_several_results_has_none_that_flows_on(run, folder):
    text = "block two { return conv(4, 1), max_pool(2) }\n"
    text += "model Net { \ninput 8x8x3\n a, b = two\n concat [ a -> max_pool(2), b ]\n }\n"
    (folder / "two.cnn").write_text(text)
    assert "two       Two             2 tensors      16   768" in run("summary", "two.cnn").out
    (net,) = json.loads(run("summary", "two.cnn", "--json").out)
    assert net["stages"][0]["outputs"] == [[8, 8, 4], [4, 4, 3]]


def test_the_table_by_layer(run):
    rows = [line.split("  ") for line in run("summary", "net.cnn", "--layers").out.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert ["layer", "op", "output", "params", "MACs", "receptive field"] in cells
    assert ["stem_conv", "conv", "28 x 28 x 8", "80", "56,448", "3 x 3"] in cells
    assert ["stem.relu", "relu", "28 x 28 x 8", "0", "0", "3 x 3"] in cells
    assert ["head_dense", "dense", "10", "15,690", "15,680", "all"] in cells


def test_json_has_sizes_as_lists_and_counts_as_integers(run):
    (net,) = json.loads(run("summary", "net.cnn", "--json").out)
    assert net == {
        "model": "Net",
        "spec": "net.cnn",
        "input": [28, 28, 1],
        "output": [10],
        "inputs": {},
        "outputs": [],
        "params": 15770,
        "total": 15770,
        "macs": 72128,
        "stages": [
            {"name": "stem", "output": [14, 14, 8], "params": 80, "macs": 56448},
            {"name": "head", "output": [10], "params": 15690, "macs": 15680},
        ],
        "layers": [
            layer("stem_conv", "conv", [28, 28, 1], [28, 28, 8], 80, 56448),
            layer("stem.relu", "relu", [28, 28, 8], [28, 28, 8], 0, 0),
            layer("stem.max_pool", "max_pool", [28, 28, 8], [14, 14, 8], 0, 0),
            layer("head.flatten", "flatten", [14, 14, 8], [1568], 0, 0),
            layer("head_dense", "dense", [1568], [10], 15690, 15680),
        ],
        "endpoints": {"stem": [14, 14, 8], "head": [10], "logits": [10]},
    }


def layer(path, op, input, output, params, macs) -> dict:
    return {
        "path": path,
        "op": op,
        "input": input,
        "output": output,
        "params": params,
        "macs": macs,
    }


def test_json_has_the_recipe_where_there_is_one(run, folder):
    recipe = "train { epochs 90\n optimizer sgd(momentum = 0.9)\n schedule cosine(0.1)\n batch 8 }"
    (folder / "net.cnn").write_text(f"model Net {{\n input 8x8x3\n relu\n {recipe}\n }}\n")
    (net,) = json.loads(run("summary", "net.cnn", "--json").out)
    assert net["recipe"] == {
        "epochs": 90,
        "optimizer": [{"name": "sgd", "args": {"momentum": 0.9}}],
        "schedule": [{"name": "cosine", "args": {"peak": 0.1}}],
        "batch": 8,
    }


def test_one_object_per_model_in_order(run):
    models = json.loads(run("summary", SPECS / "vgg16.cnn", SPECS / "vgg19.cnn", "--json").out)
    assert [(m["model"], m["params"]) for m in models] == [
        ("VGG16", 138_357_544),
        ("VGG16GAP", 37_694_248),
        ("VGG19", 143_667_240),
        ("VGG19GAP", 43_003_944),
    ]


def test_one_model_can_be_chosen(run):
    (gap,) = json.loads(run("summary", SPECS / "vgg16.cnn", "--model", "VGG16GAP", "--json").out)
    assert gap["model"] == "VGG16GAP"


def test_a_parameter_can_be_set_and_assertions_do_not_hold_then(run):
    (net,) = json.loads(run("summary", SPECS / "vgg16.cnn", "--set", "classes=2", "--json").out)[:1]
    assert (net["output"], net["params"]) == ([2], 134_268_738)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--model", "Nett"], "net.cnn has no model `Nett`\nhelp: did you mean `Net`?"),
        (["--model", "Zzz"], "net.cnn has no model `Zzz`\nhelp: its models are Net"),
        (["--set", "clases=2"], "has a parameter `clases`\nhelp: did you mean `classes`?"),
        (["--set", "classes"], "--set takes NAME=VALUE, not `classes`"),
        (["--set", "=2"], "--set takes NAME=VALUE, not `=2`"),
        (["--set", "classes=2", "--set", "classes=3"], "--set gives `classes` two values"),
        (["--set", "classes=[1, 2"], "--set classes: this `[` is never closed"),
        (["--set", "classes=1 / 0"], "--set classes: division by zero"),
        (["--set", "classes=two"], "--set classes: nothing named `two` is known here"),
    ],
)
def test_choices_that_the_spec_does_not_have_are_wrong_calls(run, arguments, message):
    result = run("summary", "net.cnn", *arguments)
    assert (result.code, result.out) == (2, "")
    assert message in result.err


def test_a_value_that_the_model_does_not_take_is_a_wrong_spec(run):
    result = run("summary", "net.cnn", "--set", "width=0.5")
    assert result.code == 1
    assert "error[E205]: `filters` is a positive integer, not 0.5" in result.err


def test_a_base_needs_its_parameters(run, folder):
    (folder / "base.cnn").write_text(
        "model Base(width) {\n input 8x8x3\n conv(width, 3)\n}\nmodel Net = Base(width = 4)\n"
    )
    assert "Net (base.cnn)" in run("summary", "base.cnn").out
    result = run("summary", "base.cnn", "--model", "Base")
    assert result.code == 2
    assert "`Base` of base.cnn is only a base" in result.err
    assert "help: --set width=…" in result.err
    assert run("summary", "base.cnn", "--model", "Base", "--set", "width=4").code == 0


def test_a_wrong_spec_has_no_summary(run):
    result = run("summary", "wrong.cnn")
    assert (result.code, result.out) == (1, "")
    assert "error[E101]" in result.err


def test_a_spec_without_models_says_so(run, folder):
    (folder / "empty.cnn").write_text("")
    result = run("summary", "empty.cnn")
    assert (result.code, result.out, result.err) == (0, "", "empty.cnn has no models\n")


def test_color_draws_a_table_of_rich(run):
    colored = run("summary", "net.cnn", "--color", "always").out
    assert "\x1b[1m" in colored
    assert "15,770" in colored
    assert "\x1b" not in run("summary", "net.cnn").out
