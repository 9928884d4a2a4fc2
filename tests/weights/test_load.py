"""Files get into networks: their layers are found, laid out anew, and copied all or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from cnndsl.weights import WeightsError, load, save
from cnndsl.weights.network import abstract, dotted, weights_of
from cnndsl.weights.readers import read
from tests.weights import torch_files
from tests.weights.conftest import randomised

pytestmark = pytest.mark.xla


def values(model) -> dict[str, np.ndarray]:
    return {dotted(path): np.asarray(v.get_value()) for path, v in weights_of(model).items()}


def assert_same(model, other) -> None:
    mine, theirs = values(model), values(other)
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        np.testing.assert_array_equal(value, theirs[name], name)


def as_torch(model, names: Mapping[str, str]) -> dict[str, np.ndarray]:
    """The state dict that PyTorch has for a network, with other names for its layers."""
    roles = {"scale": "weight", "mean": "running_mean", "var": "running_var", "bias": "bias"}
    found = values(model)
    state: dict[str, np.ndarray] = {}
    for ours, theirs in names.items():
        for role in ("kernel", "scale", "bias", "mean", "var"):
            array = found.get(f"{ours}.{role}")
            if array is None:
                continue
            if array.ndim == 4:
                array = array.transpose(3, 2, 0, 1)
            if array.ndim == 2 and ours == "head_dense":  # what it flattens is (C, H, W) there
                array = array.reshape(4, 4, 6, -1).transpose(3, 2, 0, 1).reshape(-1, 96)
            state[f"{theirs}.{roles.get(role, 'weight')}"] = np.ascontiguousarray(array)
        if f"{ours}.mean" in found:
            state[f"{theirs}.num_batches_tracked"] = np.zeros((), np.float32)
    return state


PLAIN = {
    "stem_conv": "features.0",
    "stem_norm": "features.1",
    "body_conv": "features.3",
    "head_dense": "classifier.1",
}
NET = {
    "stem_conv": "conv1",
    "stem_norm": "bn1",
    "unit_conv1": "layer1.0.conv1",
    "unit_norm1": "layer1.0.bn1",
    "unit_depthwise": "layer1.0.conv2",
    "unit_conv2": "layer1.0.conv3",
    "unit_norm2": "layer1.0.bn2",
    "unit_shortcut.conv": "layer1.0.downsample.0",
    "unit_shortcut.norm": "layer1.0.downsample.1",
    "head_dense": "fc",
}


# --- our own files ----------------------------------------------------------------------


def test_what_is_saved_is_loaded(net, module, tmp_path):
    save(net, tmp_path / "net.safetensors")
    other = abstract(module.Net)
    filled = load(other, tmp_path / "net.safetensors")
    assert_same(net, other)
    assert {pair.by for pair in filled.pairs} == {"name"}
    metadata = dict(read(tmp_path / "net.safetensors").metadata)
    assert re.fullmatch("[0-9a-f]{12}", metadata.pop("spec_sha256"))
    assert metadata == {
        "format": "cnndsl",
        "model": "Net",
        "spec": "small.cnn",
        "head": "head_dense",
        "epsilon": "1e-05",
        "activation": "relu",
    }


def test_the_same_weights_give_the_same_bytes(net, tmp_path):
    for name in ("a", "b"):
        save(net, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    arrays = load_file(tmp_path / "a")  # by the library of the format
    assert arrays.keys() == values(net).keys()
    np.testing.assert_array_equal(arrays["head_dense.kernel"], values(net)["head_dense.kernel"])
    with safe_open(tmp_path / "a", "numpy") as file:
        assert file.metadata()["model"] == "Net"


def test_another_network_is_explained(plain, net, tmp_path):
    save(plain, tmp_path / "plain.safetensors")
    before = values(net)
    with pytest.raises(WeightsError, match="holds weights of Plain, this is a Net") as caught:
        load(net, tmp_path / "plain.safetensors")
    assert "body_conv (bias 6, kernel 3x3x4x6)" in str(caught.value)
    assert "unit_depthwise (bias 6, kernel 3x3x1x6)" in str(caught.value)
    for name, value in values(net).items():
        np.testing.assert_array_equal(value, before[name])


def test_other_arguments_are_explained(plain, module, tmp_path):
    save(plain, tmp_path / "plain.safetensors")
    with pytest.raises(WeightsError, match="other arguments"):
        load(abstract(module.Plain, classes=5), tmp_path / "plain.safetensors")


def test_the_head_can_be_left_out(plain, module, tmp_path):
    save(plain, tmp_path / "plain.safetensors")
    other = randomised(abstract(module.Plain, classes=5), seed=1)
    head = values(other)["head_dense.kernel"]
    filled = load(other, tmp_path / "plain.safetensors", skip_head=True)
    assert [layer.name for layer in filled.kept] == ["head_dense"]
    np.testing.assert_array_equal(values(other)["head_dense.kernel"], head)
    np.testing.assert_array_equal(values(other)["body_conv.bias"], values(plain)["body_conv.bias"])


def test_nan_is_refused_before_anything_is_copied(plain, module, tmp_path):
    save(plain, tmp_path / "plain.safetensors")
    arrays = load_file(tmp_path / "plain.safetensors")
    arrays["head_dense.bias"] = np.full(3, np.nan, np.float32)
    save_file(arrays, tmp_path / "plain.safetensors")
    other = randomised(abstract(module.Plain), seed=1)
    before = values(other)
    with pytest.raises(WeightsError, match=r"head_dense\.bias holds infinities or NaN"):
        load(other, tmp_path / "plain.safetensors")
    for name, value in values(other).items():
        np.testing.assert_array_equal(value, before[name])


# --- PyTorch's --------------------------------------------------------------------------


@pytest.mark.parametrize("write", [torch_files.save, torch_files.save_legacy])
def test_a_chain_of_different_layers_goes_by_shapes(plain, module, tmp_path, write):
    path = write(tmp_path / "net.pth", as_torch(plain, PLAIN))
    other = abstract(module.Plain)
    filled = load(other, path)
    assert_same(plain, other)
    assert {pair.by for pair in filled.pairs} == {"shape"}


def test_branches_go_by_names(net, module, tmp_path):
    names = dict(sorted(NET.items(), key=lambda item: item[1] == "layer1.0.conv3"))
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, names))
    other = abstract(module.Net)
    load(other, path)
    assert_same(net, other)


def anonymous(names: Mapping[str, str]) -> dict[str, str]:
    """No name tells anything; the shortcut comes first, as some networks have it."""
    order = sorted(names, key=lambda name: not name.startswith("unit_shortcut"))
    return {name: f"m{index}" for index, name in enumerate(order)}


def test_branches_without_names_are_refused(net, module, tmp_path):
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, anonymous(NET)))
    with pytest.raises(WeightsError, match="which is which") as caught:
        load(abstract(module.Net), path)
    assert "unit_shortcut.conv" in str(caught.value)


def test_a_mapping_says_which_is_which(net, module, tmp_path):
    names = anonymous(NET)
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, names))
    told = [f'"{o}" = "{t}"' for o, t in names.items() if "norm" in o or "conv" in o]
    (tmp_path / "map.toml").write_text("[layers]\n" + "\n".join(told))
    other = abstract(module.Net)
    load(other, path, mapping=tmp_path / "map.toml")
    assert_same(net, other)


def test_order_can_be_accepted(net, module, tmp_path):
    names = {name: f"m{index}" for index, name in enumerate(NET)}
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, names))
    (tmp_path / "map.toml").write_text('ambiguous = "order"\n')
    other = abstract(module.Net)
    load(other, path, mapping=tmp_path / "map.toml")
    assert_same(net, other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[layers]\nnone = 'fc'", "none, which the network has not"),
        ("[layers]\nhead_dense = 'none'", "none, which the file has not"),
        ("[layers]\nhead_dense = 'conv1'", "head_dense (bias 3, kernel 96x3) with conv1"),
        ("[layers]\nhead_dense = 1", "[layers]"),
        ("[layer]", "[layers]"),
        ("ambiguous = 'guess'", "ambiguous"),
        ("[", "map.toml"),
    ],
)
def test_wrong_mappings(net, module, tmp_path, text, words):
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, NET))
    (tmp_path / "map.toml").write_text(text)
    with pytest.raises(WeightsError, match=re.escape(words)):
        load(abstract(module.Net), path, mapping=tmp_path / "map.toml")
