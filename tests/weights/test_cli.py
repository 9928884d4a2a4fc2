"""`cnndsl weights inspect` and `cnndsl weights import`."""

from __future__ import annotations

import json
import os
import pickle
import re
import struct
import sys
from pathlib import Path

import pytest

import cnndsl
from cnndsl.cli import main
from cnndsl.weights import load, save
from cnndsl.weights.network import abstract, initialised
from tests.weights import torch_files
from tests.weights.conftest import randomised
from tests.weights.test_load import NET, PLAIN, as_torch, assert_same

pytestmark = pytest.mark.xla


@pytest.fixture
def run(capsys):
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["weights", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def archive(plain, tmp_path) -> Path:
    return torch_files.save(tmp_path / "plain.pth", as_torch(plain, PLAIN))


def test_inspect(run, archive):
    code, out, err = run("inspect", archive)
    assert (code, err) == (0, "")
    assert "PyTorch archive, 4 layers, 637 numbers" in out
    assert "features.3    kernel 3x3x4x6, bias 6" in out


def test_inspect_as_json(run, plain, tmp_path):
    save(plain, tmp_path / "plain.safetensors")
    _, out, _ = run("inspect", tmp_path / "plain.safetensors", "--json")
    found = json.loads(out)
    assert found["metadata"]["model"] == "Plain"
    assert {"name": "head_dense.kernel", "shape": [96, 3], "dtype": "float32"} in found["tensors"]


def test_import(run, spec, module, plain, archive, tmp_path):
    out = tmp_path / "out.safetensors"
    code, said, err = run("import", archive, "--spec", spec, "--model", "Plain", "-o", out)
    assert (code, err) == (0, "")
    assert "Plain 637 numbers of PyTorch archive" in said
    other = abstract(module.Plain)
    load(other, out)
    assert_same(plain, other)


def test_import_without_the_head(run, spec, archive, tmp_path):
    arguments = ("--spec", spec, "--model", "Plain", "--set", "classes=7", "--skip-head")
    code, said, _ = run("import", archive, *arguments, "-o", tmp_path / "out.safetensors")
    assert code == 0
    assert "346 numbers" in said
    code, said, _ = run("inspect", tmp_path / "out.safetensors")
    assert "kernel 96x7" in said


def test_ours_are_called_by_their_attributes(run, tmp_path):
    spec = tmp_path / "twice.cnn"
    spec.write_text("model Twice { input 4x4x3\n for i in 1 .. 3 { conv(3 + i, 1) } }\n")
    file, mapping = tmp_path / "twice.safetensors", tmp_path / "map.toml"
    arguments = ("import", file, "--spec", spec, "--model", "Twice")
    save(initialised(cnndsl.load(spec).Twice), file)
    for name in ("convs[1]", "convs.1"):
        mapping.write_text(f'[layers]\n"{name}" = "convs.1"\n')
        code, out, err = run(*arguments, "--map", mapping, "--dry-run")
        assert (code, err) == (0, "")
        assert "convs[0]  convs.0  name" in out
        assert "convs[1]  convs.1  mapping" in out
    mapping.write_text('[layers]\n"convs[1]" = "convs.1"\n"convs.1" = "convs.1"\n')
    code, _, err = run(*arguments, "--map", mapping, "--dry-run")
    assert code == 1
    assert "names a layer of the network twice" in err


def test_a_dry_run_shows_the_pairs(run, spec, archive):
    code, out, _ = run("import", archive, "--spec", spec, "--model", "Plain", "--dry-run")
    assert code == 0
    assert "body_conv   features.3    shape" in out
    code, out, _ = run("import", archive, "--spec", spec, "--model", "Net", "--dry-run")
    assert code == 1
    assert "?" in out


def test_a_mapping(run, spec, module, net, tmp_path):
    names = {name: f"m{index}" for index, name in enumerate(NET)}
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, names))
    arguments = ("import", path, "--spec", spec, "--model", "Net", "-o", tmp_path / "o.safetensors")
    code, _, err = run(*arguments)
    assert code == 1
    assert "which is which" in err and "--map" in err
    (tmp_path / "map.toml").write_text('ambiguous = "order"')
    assert run(*arguments, "--map", tmp_path / "map.toml")[0] == 0


def test_weights_of_another_network(run, spec, module, tmp_path):
    save(randomised(abstract(module.Plain)), tmp_path / "plain.safetensors")
    out = tmp_path / "out.safetensors"
    call = ("import", tmp_path / "plain.safetensors", "--spec", spec, "--model", "Net", "-o", out)
    code, _, err = run(*call)
    assert code == 1
    assert "holds weights of Plain, this is a Net\n" in err
    assert re.search(r"^  body_conv|^  stem_conv|^  unit_", err, re.M)  # a table, row by row
    assert not out.exists()


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


def test_hostile_files(run, tmp_path):
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Runs()))
    (tmp_path / "a.safetensors").write_bytes(struct.pack("<Q", 2**40))
    (tmp_path / "a.npz").write_bytes(b"PK\x03\x04")
    for name in ("a.pth", "a.safetensors", "a.npz", "missing.h5"):
        code, out, err = run("inspect", tmp_path / name)
        assert (code, out) == (1, "")
        assert err.startswith(f"error: {name}: ")
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--model", "Plain"), "-o names the file"),
        (("--model", "Plain", "-o", "missing/out.safetensors"), "cannot write"),
        (("--model", "Plane", "--dry-run"), "no model `Plane`"),
        (("--model", "Plain", "--set", "width=3", "--dry-run"), "has no parameter `width`"),
    ],
)
def test_wrong_calls(run, spec, archive, arguments, words):
    code, _, err = run("import", archive, "--spec", spec, *arguments)
    assert code == 2
    assert words in err


def test_a_wrong_spec(run, archive, tmp_path):
    (tmp_path / "wrong.cnn").write_text("model Net { input 8x8x3\n conf(3) }")
    arguments = ("--spec", tmp_path / "wrong.cnn", "--model", "Net", "--dry-run")
    code, _, err = run("import", archive, *arguments)
    assert code == 1
    assert "cnndsl check" in err


def test_missing_packages_are_named(run, tmp_path, monkeypatch):
    (tmp_path / "a.h5").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "h5py", None)
    code, _, err = run("inspect", tmp_path / "a.h5")
    assert code == 2
    assert "h5py" in err and "pip install 'cnndsl[weights]'" in err
