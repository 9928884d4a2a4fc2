"""Weights go out as torchvision, timm and Keras have them; files are compared; imports reported."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import cnndsl
from cnndsl.cli import main
from cnndsl.weights import WeightsError, export, load, save
from cnndsl.weights.diff import difference
from cnndsl.weights.files import source_of
from cnndsl.weights.network import abstract, network_of
from cnndsl.weights.readers import read
from tests.weights.conftest import randomised
from tests.weights.libraries import shapes, state
from tests.weights.test_layouts import model_of
from tests.weights.test_load import assert_same, values

pytestmark = pytest.mark.xla


@pytest.fixture(scope="module")
def mobilenet():
    return randomised(model_of("MobileNetV2Torch"))


@pytest.fixture
def run(capsys):
    def call(*arguments: object) -> tuple[int, str, str]:
        code = main(["weights", *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


# --- export -----------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    ("library", "network"), [("torchvision", "mobilenet_v2"), ("timm", "mobilenetv2_100")]
)
def test_what_is_exported_is_what_the_library_has(mobilenet, tmp_path, suffix, library, network):
    path = tmp_path / f"out{suffix}"
    layout = export(mobilenet, path, library)
    assert library in layout.sources
    found = {tensor.name: tensor.shape for tensor in read(path).tensors}
    counters = {name for name in found if name.endswith("num_batches_tracked")}
    assert len(counters) == 52
    assert {name: found[name] for name in found.keys() - counters} == shapes(library, network)
    other = model_of("MobileNetV2Torch")
    assert load(other, path).layout == layout.name
    assert_same(mobilenet, other)


def test_their_tensors_come_back_as_they_were(tmp_path):
    """Bit by bit, but for the counters of batches, which start at 0."""
    rng = np.random.default_rng(0)
    tensors = {
        name: rng.integers(0, 2**20, array.shape).astype(np.float32)
        for name, array in state("torchvision", "resnet18").items()
        if not name.endswith("num_batches_tracked")
    }
    save_file(tensors, tmp_path / "in.safetensors")
    model = model_of("ResNet18")
    load(model, tmp_path / "in.safetensors")
    export(model, tmp_path / "out.safetensors", "timm")
    out = load_file(tmp_path / "out.safetensors")
    counters = {name: array for name, array in out.items() if name.endswith("tracked")}
    assert all(array.dtype == np.int64 and array.shape == () for array in counters.values())
    assert out.keys() - counters.keys() == tensors.keys()
    for name, array in tensors.items():
        np.testing.assert_array_equal(out[name], array, name)


@pytest.fixture(scope="module")
def vgg16():
    """Of small images, so that its first dense layer is small."""
    spec = Path(__file__).parents[2] / "specs" / "vgg16.cnn"
    module = cnndsl.load(spec, model="VGG16", set={"size": 64})
    return randomised(abstract(module.VGG16)), abstract(module.VGG16)


def test_rows_of_a_flattened_map(vgg16, tmp_path):
    """PyTorch flattens (C, H, W): with a network between them two files are the same."""
    model, other = vgg16
    export(model, tmp_path / "b.safetensors", "torchvision")
    theirs = load_file(tmp_path / "b.safetensors")["classifier.0.weight"]
    ours = values(model)["head_dense1.0.kernel"].reshape(2, 2, 512, 4096)
    np.testing.assert_array_equal(theirs.reshape(4096, 512, 2, 2), ours.transpose(3, 2, 0, 1))
    load(other, tmp_path / "b.safetensors")
    assert_same(model, other)
    save(model, tmp_path / "a.safetensors")
    first, second = (source_of(read(tmp_path / f"{n}.safetensors")) for n in "ab")
    assert difference(first, second, network_of(model)).changes == ()
    assert [change.name for change in difference(first, second).changes] == ["head_dense1.0.kernel"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras_reads_what_is_exported(tmp_path):
    keras = pytest.importorskip("keras")
    model = randomised(model_of("MobileNetV2"))
    export(model, tmp_path / "out.h5", "keras")
    application = keras.applications.MobileNetV2(weights=None)
    application.load_weights(tmp_path / "out.h5", by_name=True)
    ours = values(model)
    kernel = application.get_layer("block_3_depthwise").weights[0].value
    np.testing.assert_array_equal(
        np.asarray(kernel).reshape(3, 3, 1, -1), ours["blocks.3.depthwise.kernel"]
    )
    norm = application.get_layer("Conv_1_bn").weights
    for variable, role in zip(norm, ("scale", "bias", "mean", "var"), strict=True):
        np.testing.assert_array_equal(np.asarray(variable.value), ours[f"head_norm.{role}"])
    dense = application.get_layer("predictions").weights[0].value
    np.testing.assert_array_equal(np.asarray(dense), ours["head_dense.kernel"])
    other = model_of("MobileNetV2")
    assert load(other, tmp_path / "out.h5").layout == "keras mobilenet_v2"
    assert_same(model, other)


def test_what_cannot_be_exported(mobilenet, tmp_path):
    path = tmp_path / "out.safetensors"
    with pytest.raises(WeightsError, match="there is no layout of caffe"):
        export(mobilenet, path, "caffe")
    with pytest.raises(WeightsError, match=r"keras has its weights in files that end in \.h5"):
        export(mobilenet, path, "keras")
    with pytest.raises(WeightsError, match="tensorflow padding, epsilon"):
        export(mobilenet, tmp_path / "out.h5", "keras")
    with pytest.raises(
        WeightsError, match="torchvision has no network with the layers of LeNet5MNIST"
    ):
        export(model_of("LeNet5MNIST"), path, "torchvision")
    with pytest.raises(OSError):
        export(mobilenet, tmp_path / "missing" / "out.pth", "torchvision")
    assert not list(tmp_path.iterdir())


def test_export_on_the_command_line(run, mobilenet, tmp_path):
    save(mobilenet, tmp_path / "a.safetensors")
    out = tmp_path / "b.pth"
    code, said, err = run("export", tmp_path / "a.safetensors", "--layout", "timm", "-o", out)
    assert (code, err) == (0, "")
    assert "MobileNetV2Torch as timm mobilenetv2" in said
    code, said, _ = run("diff", tmp_path / "a.safetensors", out)
    assert (code, said) == (0, "262 of 262 tensors are the same\n")
    args = ("export", out, "--layout", "timm", "-o", tmp_path / "c.pth")
    code, _, err = run(*args)
    assert code == 2 and "does not say of which network it is" in err
    assert run(*args, "--model", "MobileNetV2Torch")[0] == 0
    assert (tmp_path / "c.pth").read_bytes() == out.read_bytes()
    code, _, err = run(*args, "--model", "MobileNetV3")
    assert code == 2 and "the zoo has no model" in err


# --- diff -------------------------------------------------------------------------------


def test_differences(mobilenet, tmp_path):
    save(mobilenet, tmp_path / "a.safetensors")
    arrays = load_file(tmp_path / "a.safetensors")
    arrays["head_dense.bias"] = arrays["head_dense.bias"].copy()
    arrays["head_dense.bias"][3] += 0.5
    arrays["stem_conv.kernel"] = arrays["stem_conv.kernel"][..., :8].copy()
    arrays["new.kernel"] = np.ones((2, 2), np.float32)
    del arrays["head_conv.kernel"]
    save_file(arrays, tmp_path / "b.safetensors")
    first, second = (source_of(read(tmp_path / f"{n}.safetensors")) for n in "ab")
    found = difference(first, second)
    assert found.tensors == 263
    assert {change.name: change.spelled for change in found.changes} == {
        "head_dense.bias": "1 numbers differ, by 0.5 at most",
        "stem_conv.kernel": "3x3x3x32 and 3x3x3x8",
        "head_conv.kernel": "only in the first: 1x1x320x1280",
        "new.kernel": "only in the second: 2x2",
    }
    assert difference(first, first).changes == ()


def test_diff_on_the_command_line(run, mobilenet, tmp_path):
    save(mobilenet, tmp_path / "a.safetensors")
    other = randomised(model_of("MobileNetV2Torch"), seed=1)
    save(other, tmp_path / "b.safetensors")
    files = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    code, said, err = run("diff", *files)
    assert (code, err) == (1, "")
    assert "stem_conv.kernel" in said and "864 numbers differ" in said
    assert said.endswith("0 of 262 tensors are the same\n")
    code, said, _ = run("diff", *files, "--model", "MobileNetV2Torch")
    assert code == 1 and "0 of 262 tensors" in said


# --- report -----------------------------------------------------------------------------


def test_reports(run, tmp_path):
    save_file(state("torchvision", "mobilenet_v2"), tmp_path / "in.safetensors")
    call = ("import", tmp_path / "in.safetensors", "--model", "MobileNetV2Torch")
    out = ("-o", tmp_path / "out.safetensors")
    code, said, err = run(*call, *out, "--report", tmp_path / "r.json")
    assert (code, err) == (0, "")
    assert "layout: torchvision mobilenet_v2" in said
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["layout"] == "torchvision mobilenet_v2" and found["complete"]
    assert len(found["tensors"]) == 262
    assert found["tensors"][0] == {
        "ours": "stem_conv.kernel",
        "theirs": "features.0.0.weight",
        "shape": "3x3x3x32",
        "by": "layout",
    }
    code, _, _ = run(*call, "--dry-run", "--report", tmp_path / "r.txt")
    assert code == 0
    text = (tmp_path / "r.txt").read_text()
    assert "layout: torchvision mobilenet_v2" in text
    assert "stem_conv.kernel" in text and "the layout of its library" in text
    code, _, err = run(*call, *out, "--report", tmp_path / "r.csv")
    assert code == 2 and ".txt or .json" in err


def test_a_report_of_what_does_not_fit(run, tmp_path):
    save_file(state("torchvision", "mobilenet_v2"), tmp_path / "in.safetensors")
    call = (
        "import",
        tmp_path / "in.safetensors",
        "--model",
        "MobileNetV2Torch",
        "--set",
        "classes=7",
    )
    code, _, err = run(*call, "--dry-run", "--report", tmp_path / "r.json")
    assert (code, err) == (1, "")
    found = json.loads((tmp_path / "r.json").read_text())
    assert not found["complete"]
    assert {row["by"] for row in found["tensors"]} == {"layout", "missing", "left over"}
    code, _, _ = run(*call, "--dry-run", "--skip-head", "--report", tmp_path / "r.json")
    assert code == 0
    found = json.loads((tmp_path / "r.json").read_text())
    assert {row["by"] for row in found["tensors"]} == {"layout", "kept", "left out"}
