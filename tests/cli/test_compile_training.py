"""`cnndsl compile` of specs with recipes: a second file beside the module of the networks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cnndsl
from cnndsl.targets.seal import is_untouched

TRAIN = """
  train {
    optimizer sgd(momentum = 0.9)
    schedule cosine(peak = 0.1)
    epochs 10
    batch 32
  }
}
"""


@pytest.fixture
def net(folder: Path) -> Path:
    """A spec with a recipe."""
    path = folder / "net.cnn"
    path.write_text(path.read_text().rstrip().removesuffix("}").rstrip() + TRAIN)
    return path


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*.py")}


def test_a_recipe_is_a_second_file(run, folder, net):
    result = run("compile", "net.cnn")
    assert (result.code, result.err) == (0, "")
    module, trainer = result.out.splitlines()
    assert module.startswith("generated/net.py  Net 15,770 params")
    assert trainer == "generated/net_training.py  trains Net"
    assert files_in(folder) == {"generated/net.py", "generated/net_training.py"}
    text = (folder / "generated" / "net_training.py").read_text()
    assert text.startswith('"""How Net is trained.\n')
    assert is_untouched(text)
    assert "`cnndsl compile net.cnn` makes it again" in text
    assert "cnndsl" not in text.split('"""', 2)[2]


@pytest.mark.parametrize(
    ("output", "paths"),
    [
        ("my.py", {"my.py", "my_training.py"}),
        ("deep/er", {"deep/er/net.py", "deep/er/net_training.py"}),
    ],
)
def test_it_lies_beside_the_module(run, folder, net, output, paths):
    assert run("compile", "net.cnn", "-o", output).code == 0
    assert files_in(folder) == paths
    (trainer,) = (p for p in paths if "training" in p)
    assert f"`cnndsl compile net.cnn -o {output}` makes it again" in (folder / trainer).read_text()


def test_standard_output_has_the_networks_alone(run, folder, net):
    out = run("compile", "net.cnn", "-o", "-").out
    assert "class Net(nnx.Module)" in out and "optax" not in out
    assert out == run("compile", "net.cnn", "-o", "-", "--emit", "py").out
    trainer = run("compile", "net.cnn", "--emit", "training").out
    assert trainer.startswith('"""How Net is trained.') and "class Net" not in trainer
    assert files_in(folder) == set()


def test_without_a_recipe_there_is_nothing_to_print(run):
    result = run("compile", "net.cnn", "--emit", "training")
    assert (result.code, result.out) == (0, "")
    assert result.err == "net.cnn has no recipe: nothing to generate\n"


def test_check_and_diff_see_both_files(run, folder, net):
    run("compile", "net.cnn")
    result = run("compile", "net.cnn", "--check")
    assert (result.code, result.out, result.err) == (0, "2 modules up to date\n", "")
    net.write_text(net.read_text().replace("momentum = 0.9", "momentum = 0.8"))
    result = run("compile", "net.cnn", "--check")
    assert result.code == 1
    assert "generated/net_training.py is stale: run cnndsl compile net.cnn\n" in result.err
    diff = run("compile", "net.cnn", "--diff")
    assert diff.code == 1
    assert "-    return optax.sgd(schedule(steps_per_epoch), momentum=0.9)" in diff.out
    assert "+    return optax.sgd(schedule(steps_per_epoch), momentum=0.8)" in diff.out
    (folder / "generated" / "net_training.py").unlink()
    assert "net_training.py is missing" in run("compile", "net.cnn", "--check").err


def test_an_edited_recipe_is_spared_and_so_is_all_else(run, folder, net):
    run("compile", "net.cnn")
    trainer = folder / "generated" / "net_training.py"
    edited = trainer.read_text().replace("EPOCHS = 10", "EPOCHS = 20")
    trainer.write_text(edited)
    net.write_text(
        net.read_text().replace("classes = 10", "classes = 12").replace("15_770", "18_908")
    )
    before = (folder / "generated" / "net.py").read_text()
    result = run("compile", "net.cnn")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(
        "error: generated/net_training.py was edited since cnndsl wrote it"
    )
    assert trainer.read_text() == edited
    assert (folder / "generated" / "net.py").read_text() == before
    assert run("compile", "net.cnn", "--force").code == 0
    assert "EPOCHS = 10" in trainer.read_text()


def test_it_takes_no_other_modules_place(run, folder, net):
    (folder / "net_training.cnn").write_text(net.read_text())
    result = run("compile", "net.cnn", "net_training.cnn")
    assert (result.code, result.out) == (2, "")
    message = "net.cnn and net_training.cnn would both be written to generated/net_training.py"
    assert message in result.err
    assert files_in(folder) == set()


def test_it_replaces_no_spec(run, folder, net):
    net.rename(folder / "x_training.py")
    result = run("compile", "x_training.py", "-o", "x.py")
    assert (result.code, result.out) == (2, "")
    assert "x_training.py is a spec: the module would replace it" in result.err


def test_of_one_model_there_is_one_recipe(run, folder, net):
    text = net.read_text() + "model Two = Net(classes = 2) { " + TRAIN.strip() + "\n"
    net.write_text(text.replace("epochs 10", "epochs 20", 1))
    run("compile", "net.cnn")
    both = (folder / "generated" / "net_training.py").read_text()
    assert 'RECIPES = {"Net": NetRecipe(), "Two": TwoRecipe()}' in both
    run("compile", "net.cnn", "--model", "Two", "-o", "two.py")
    one = (folder / "two_training.py").read_text()
    assert "class" not in re.sub(r"\bclasses\b", "", one)
    assert 'MODELS = ("Two",)' in one and "EPOCHS = 10" in one


# --- from Python ----------------------------------------------------------------------


def test_compile_gives_the_text_of_the_second_module(net):
    compiled = cnndsl.compile(net.read_text(), filename="net.cnn")
    assert compiled.training is not None and compiled.training.startswith('"""How Net is trained.')
    assert cnndsl.compile("model Net { input 8x8x3\n relu }").training is None
    assert cnndsl.compile("model Net { wrong }").training is None


@pytest.mark.xla
def test_load_training_imports_it(net):
    recipe = cnndsl.load_training(net)
    assert recipe.__name__ == "cnndsl.loaded.net_training"
    assert (recipe.MODELS, recipe.BATCH_SIZE, recipe.EPOCHS) == (("Net",), 32, 10)
    assert cnndsl.load_training(net) is recipe


def test_load_training_says_that_there_is_no_recipe(folder):
    with pytest.raises(ValueError, match=r"net\.cnn has no recipe: no `train \{ … \}`"):
        cnndsl.load_training("net.cnn")


# --- variants -------------------------------------------------------------------------

VARIANTS = """\
model Net(size = 8, classes = 10) {{
  input [size, size, 3]
  global_avg_pool -> dense(classes)
  preprocess {{ mean 0.5 }}{0}
model First = Net(classes = 3)
model Second = Net(size = 9) {{ preprocess {{ mean 0.25 }}{1}
model Third = Second(classes = 4)
model Fourth = Third(classes = 5) {{ preprocess {{ mean 0.75 }} }}
"""


def test_a_variant_is_trained_and_fed_as_the_nearest_that_says_how():
    text = VARIANTS.format(TRAIN, TRAIN.replace("epochs 10", "epochs size"))
    found = {s.model: s for s in cnndsl.summarize(text).summaries}
    epochs = {name: s.recipe["epochs"] for name, s in found.items()}
    assert epochs == {"Net": 10, "First": 10, "Second": 9, "Third": 9, "Fourth": 9}
    means = {name: s.preprocess["mean"] for name, s in found.items()}
    assert means == {"Net": 0.5, "First": 0.5, "Second": 0.25, "Third": 0.25, "Fourth": 0.75}


@pytest.mark.parametrize(
    ("statement", "code"), [(TRAIN.strip().removesuffix("}"), "E116"), ("preprocess { }", "E119")]
)
def test_a_variant_says_it_once(statement, code):
    text = "model Net { input 8x8x3\n relu }\nmodel Two = Net {\n" + f"{statement}\n" * 2 + "}\n"
    assert [found.code for found in cnndsl.check(text)] == [code]
