"""Specs of the zoo in other specs, and as a beginning: `use zoo`, `cnndsl show`, `cnndsl new`."""

from pathlib import Path

import pytest

import cnndsl
from cnndsl import zoo
from cnndsl.cli import main
from cnndsl.zoo.index import spec_path

USING = """
use zoo "resnet.cnn"
model Net(classes = 4) {
  input 32x32x3
  features = ResNet18(classes = 0)
  features.layer4 -> global_avg_pool -> dense(classes)
}
"""


def test_a_spec_without_a_folder_uses_the_zoo():
    assert cnndsl.check(USING) == []


def test_only_specs_of_the_zoo_are_read():
    for name in ("../pyproject.toml", "/etc/passwd", "resnet", "resnett.cnn", ""):
        (found,) = cnndsl.check(f'use zoo "{name}"\n')
        assert found.code == "E109"
    assert "did you mean `resnet.cnn`" in found.message or name == ""


def test_the_module_is_that_of_the_spec_alone():
    code = cnndsl.compile(USING).code
    assert code is not None
    assert "class ResNet18Backbone(nnx.Module)" in code
    assert "self.features = ResNet18Backbone(3, rngs=rngs)" in code
    assert "features = self.features.endpoints(x)" in code
    assert "cnndsl.zoo" not in code


@pytest.mark.parametrize("name", ["ResNet50", "resnet.cnn", "resnet"])
def test_show_prints_the_spec(name: str, capsys):
    assert main(["show", name]) == 0
    assert capsys.readouterr().out == spec_path(zoo.find("ResNet50")).read_text(encoding="utf-8")


def test_show_says_what_was_meant(capsys):
    assert main(["show", "ResNet5O"]) == 2
    assert "did you mean `ResNet50`?" in capsys.readouterr().err


def test_new_starts_from_a_spec_and_replaces_none(tmp_path: Path, capsys):
    path = tmp_path / "specs" / "net.cnn"
    assert main(["new", str(path), "--like", "VGG16"]) == 0
    assert path.read_text(encoding="utf-8") == spec_path(zoo.find("VGG16")).read_text("utf-8")
    path.write_text("mine")
    assert main(["new", str(path), "--like", "VGG16"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert path.read_text() == "mine"


def test_new_writes_specs_alone(tmp_path: Path, capsys):
    assert main(["new", str(tmp_path / "net.py"), "--like", "VGG16"]) == 2
    assert "a .cnn file" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
