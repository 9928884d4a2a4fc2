"""`cnndsl list`, and models of the zoo in place of specs."""

import json
import subprocess
import sys

import pytest

from cnndsl.cli import main
from cnndsl.zoo.index import find, spec_path


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Runs a command in an empty folder: exit code, output, complaints."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return call


def test_list_is_a_table(run):
    code, out, _ = run("list", "lenet5r*")
    assert code == 0
    assert [line.split() for line in out.splitlines()[::2]] == [
        ["model", "spec", "input", "params", "MACs", "source"],
        "LeNet5ReLU lenet5.cnn 32x32x1 1,631,080 8.52 M LeCun et al. 1998".split(),
    ]


def test_list_on_a_terminal_has_the_same_cells(run):
    code, out, _ = run("--color", "always", "list", "LeNet5ReLU")
    assert code == 0
    assert "\x1b[" in out and "1,631,080" in out


def test_list_as_json(run):
    _, out, _ = run("list", "VGG16", "--json")
    (model,) = json.loads(out)
    assert model["name"] == "VGG16"
    assert (model["params"], model["total"]) == (138_357_544, 138_357_544)
    assert model["input"] == [224, 224, 3]
    assert "Simonyan & Zisserman" in model["source"]


def test_list_has_every_input(run):
    _, out, _ = run("list", "TwoStream")
    assert "224x224x3, 224x224x20" in out
    _, out, _ = run("list", "TwoStream", "--json")
    (model,) = json.loads(out)
    assert model["inputs"] == {"frame": [224, 224, 3], "flow": [224, 224, 20]}


def test_list_keeps_what_is_for_a_task_and_small_enough(run):
    def names(*options):
        return {model["name"] for model in json.loads(run("list", *options, "--json")[1])}

    assert "UNet" in names("--task", "segmentation") - names("--task", "classification")
    assert "ResNet18" in names("ResNet*", "--max-params", "11.7M")
    assert "ResNet50" not in names("--max-params", "25_557_031")
    assert "ResNet50" in names("--max-params", "25_557_032", "--max-macs", "4.1G")
    assert "ResNet50" not in names("--max-macs", "4G")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--max-params", "many"), "`many` is no count such as 25.6M"),
        (("--max-macs", "-1"), "--max-macs"),
        (("--task", "segmentatoin"), "did you mean `segmentation`?"),
    ],
)
def test_list_says_what_an_option_takes(run, options, said):
    code, out, err = run("list", *options)
    assert (code, out) == (2, "") and said in err


def test_list_says_that_nothing_is_that_small(run):
    code, out, err = run("list", "VGG*", "--max-params", "1k")
    assert (code, out) == (2, "") and "no model of the zoo is that small" in err


def test_list_suggests_where_nothing_matches(run):
    code, out, err = run("list", "ResNet05")
    assert (code, out) == (2, "")
    assert "did you mean `ResNet50`?" in err


def test_a_model_is_compiled_into_a_module_of_its_own(run, tmp_path):
    code, out, _ = run("compile", "LeNet5MNIST")
    assert (code, out.split()[0]) == (0, "generated/lenet5mnist.py")
    text = (tmp_path / "generated" / "lenet5mnist.py").read_text(encoding="utf-8")
    assert "class LeNet5MNIST(nnx.Module)" in text and "class LeNet5ReLU" not in text
    assert run("compile", "LeNet5MNIST", "--check")[0] == 0
    code, _, err = run("compile", "LeNet5MNIST", "--check", "-o", "other")
    assert code == 1 and "run cnndsl compile LeNet5MNIST" in err


def test_a_model_is_checked_and_summarised_by_name(run):
    assert run("check", "VGG16") == (0, "checked VGG16: 1 model, no mistakes\n", "")
    _, out, _ = run("summary", "VGG16", "--json", "--set", "classes=10")
    (model,) = json.loads(out)
    assert (model["model"], model["output"]) == ("VGG16", [10])


def test_a_file_comes_before_a_model(run, tmp_path):
    (tmp_path / "VGG16").write_text("model Mine {\n  input 8x8x3\n  relu\n}\n", encoding="utf-8")
    assert run("check", "VGG16")[1] == "checked VGG16: 1 model, no mistakes\n"
    assert "Mine" in run("summary", "VGG16")[1]


def test_a_near_miss_gets_a_suggestion(run):
    code, _, err = run("check", "resnet50")
    assert code == 2
    assert "no file and no model `resnet50`" in err and "did you mean `ResNet50`?" in err


def test_a_model_has_no_models(run):
    code, _, err = run("summary", "VGG16", "--model", "VGG16GAP")
    assert code == 2 and "`VGG16` is a model already" in err


def test_a_model_and_its_spec_together(run):
    code, out, _ = run("check", "VGG16", str(spec_path(find("VGG16"))))
    assert (code, out) == (0, "checked 2 specs: 3 models, no mistakes\n")


def test_listing_imports_neither_jax_nor_numpy():
    script = "import sys; from cnndsl import zoo; zoo.list_models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {"jax", "flax", "numpy", "jinja2", "rich"} & set(done.stdout.split())
