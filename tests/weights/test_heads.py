"""The layers that give the logits: left out, made anew, or never there."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file, save_file

import cnndsl
from cnndsl import zoo
from cnndsl.weights import WeightsError, from_keras, load, save
from cnndsl.weights.network import abstract, network_of
from tests.weights import torch_files
from tests.weights.conftest import randomised
from tests.weights.libraries import state
from tests.weights.test_layouts import assert_resnet, model_of
from tests.weights.test_load import NET, as_torch, values

pytestmark = pytest.mark.xla

SPEC = """\
model Aux(classes = 3) {
  input 8x8x3
  stage stem { conv(4, 3) -> relu }
  aux side(weight = 0.3) { conv(5, 1) -> relu -> flatten -> dense(classes) }
  stage body { conv(6, 3) -> relu -> max_pool(2) }
  stage head { flatten -> dense(8) -> relu -> dense(classes) }
}

model Squeezed(classes = 3) {
  input 8x8x3
  stage stem { conv(4, 3) -> relu }
  stage head { conv(classes, 1) -> relu -> global_avg_pool }
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("specs") / "heads.cnn"
    path.write_text(SPEC, encoding="utf-8")
    return cnndsl.load(path)


def assert_body(model, other, *heads: str) -> None:
    """Two networks have the same weights but for their heads."""
    mine, theirs = values(model), values(other)
    for name in mine.keys() & theirs.keys():
        if not name.startswith(heads):
            np.testing.assert_array_equal(mine[name], theirs[name], name)


def test_the_head_is_what_gives_the_logits(made):
    assert network_of(abstract(made.Aux, aux=False)).head == ("head_dense2",)
    assert set(network_of(abstract(made.Aux, aux=True)).head) == {"side_dense", "head_dense2"}
    assert network_of(abstract(made.Squeezed)).head == ("head_conv",)
    assert network_of(abstract(made.Squeezed, classes=0)).head == ()
    backbone = abstract(made.Aux, classes=0, aux=False)  # the dense layer before a head is none
    assert network_of(backbone).head == ()


def test_layers_that_only_training_needs(made):
    network = network_of(abstract(made.Aux, aux=True))
    assert network.extra == ("side_conv", "side_dense")
    assert network_of(abstract(made.Aux, aux=False)).extra == ()


# --- our own files ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Aux", "Squeezed"])
def test_our_files_into_other_classes_and_into_none(made, tmp_path, name):
    cls = partial(made.Aux, aux=False) if name == "Aux" else made.Squeezed
    model = randomised(abstract(cls))
    save(model, tmp_path / "a.safetensors")
    other = randomised(abstract(cls, classes=7), seed=1)
    before = values(other)
    with pytest.raises(WeightsError) as caught:
        load(other, tmp_path / "a.safetensors")
    assert "skip_head" in str(caught.value.help)
    filled = load(other, tmp_path / "a.safetensors", skip_head=True)
    assert [layer.name for layer in filled.kept] == [layer.name for layer in filled.left_out]
    head = filled.kept[0].name
    assert_body(model, other, head)
    np.testing.assert_array_equal(values(other)[f"{head}.kernel"], before[f"{head}.kernel"])
    for skip in (False, True):
        backbone = abstract(cls, classes=0)
        filled = load(backbone, tmp_path / "a.safetensors", skip_head=skip)
        assert [layer.name for layer in filled.left_out] == [head]
        assert_body(model, backbone)


def test_our_files_of_backbones(made, tmp_path):
    save(randomised(abstract(made.Aux, classes=0, aux=False)), tmp_path / "a.safetensors")
    other = randomised(abstract(made.Aux, aux=False), seed=1)
    with pytest.raises(WeightsError, match="head_dense2"):
        load(other, tmp_path / "a.safetensors")
    assert load(other, tmp_path / "a.safetensors", skip_head=True).left_out == ()


def test_heads_for_training_are_left_out_where_they_are_not_wanted(made, tmp_path):
    model = randomised(abstract(made.Aux, aux=True))
    save(model, tmp_path / "a.safetensors")
    other = abstract(made.Aux, aux=False)
    filled = load(other, tmp_path / "a.safetensors")
    assert {layer.name for layer in filled.left_out} == {"side_conv", "side_dense"}
    assert_body(model, other)
    save(other, tmp_path / "b.safetensors")
    with pytest.raises(WeightsError, match="side_conv"):
        load(abstract(made.Aux, aux=True), tmp_path / "b.safetensors")


def test_more_than_a_head_is_not_left_out(made, tmp_path):
    save(randomised(abstract(made.Squeezed)), tmp_path / "a.safetensors")
    arrays = load_file(tmp_path / "a.safetensors")
    arrays["tail.kernel"] = np.ones((3, 3, 3, 3), np.float32)
    save_file(arrays, tmp_path / "a.safetensors", metadata={"format": "cnndsl"})
    with pytest.raises(WeightsError, match="tail"):
        load(abstract(made.Squeezed, classes=0), tmp_path / "a.safetensors")


# --- PyTorch's and Keras's --------------------------------------------------------------


def test_torch_without_a_layout(net, module, tmp_path):
    path = torch_files.save(tmp_path / "net.pth", as_torch(net, NET))
    other = randomised(abstract(module.Net, classes=9), seed=1)
    filled = load(other, path, skip_head=True)
    assert [layer.name for layer in filled.left_out] == ["fc"]
    assert_body(net, other, "head_dense")
    backbone = abstract(module.Net, classes=0)
    assert [layer.name for layer in load(backbone, path).left_out] == ["fc"]
    assert_body(net, backbone)


@pytest.fixture(scope="module")
def resnet18(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(state("torchvision", "resnet18"), path)
    return path


def test_torch_with_a_layout(resnet18):
    backbone = model_of("ResNet18", classes=0)
    filled = load(backbone, resnet18)
    assert [layer.name for layer in filled.left_out] == ["fc"]
    tensors = state("torchvision", "resnet18")
    assert_resnet(backbone, {k: v for k, v in tensors.items() if not k.startswith("fc.")})


def test_create_with_weights(resnet18):
    tensors = state("torchvision", "resnet18")
    model = zoo.create("ResNet18", weights=resnet18)
    assert_resnet(model, tensors)
    backbone = zoo.create("ResNet18", weights=resnet18, classes=0)
    body = {k: v for k, v in tensors.items() if not k.startswith("fc.")}
    assert_resnet(backbone, body)
    assert backbone(np.zeros((1, 64, 64, 3), np.float32)).shape == (1, 512)


@pytest.mark.slow
def test_create_with_weights_for_other_classes(resnet18):
    model = zoo.create("ResNet18", weights=resnet18, classes=5, rngs=nnx.Rngs(0))
    assert values(model)["head_dense.kernel"].shape == (512, 5)
    assert values(model)["stem_conv.kernel"].flat[0] == 1
    with pytest.raises(TypeError, match="rngs"):
        zoo.create("ResNet18", weights=resnet18, classes=5)
    with pytest.raises(WeightsError, match="no such file"):
        zoo.create("ResNet18", weights="missing.pth")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_keras(module, tmp_path):
    keras = pytest.importorskip("keras")
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(x))
    x = layers.MaxPooling2D()(layers.Conv2D(6, 3, padding="same", activation="relu")(x))
    top = layers.Dense(10, activation="softmax")(layers.Flatten()(x))
    whole, body = keras.Model(image, top), keras.Model(image, x)
    whole.save(tmp_path / "whole.keras")
    kernel = np.asarray(whole.layers[1].kernel.value)
    for source in (whole, body):
        model = randomised(abstract(module.Plain))
        head = values(model)["head_dense.kernel"]
        if source is whole:
            with pytest.raises(WeightsError, match="head_dense"):
                from_keras(model, source)
        filled = from_keras(model, source, skip_head=True)
        assert len(filled.left_out) == (source is whole)
        np.testing.assert_array_equal(values(model)["stem_conv.kernel"], kernel)
        np.testing.assert_array_equal(values(model)["head_dense.kernel"], head)
        backbone = abstract(module.Plain, classes=0)
        from_keras(backbone, source)
        np.testing.assert_array_equal(values(backbone)["stem_conv.kernel"], kernel)
    backbone = abstract(module.Plain, classes=0)
    filled = load(backbone, tmp_path / "whole.keras")
    assert [layer.name for layer in filled.left_out] == [whole.layers[-1].name]
    np.testing.assert_array_equal(values(backbone)["stem_conv.kernel"], kernel)
