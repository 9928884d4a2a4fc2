"""What Keras built, and what it saved, gets into networks."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import save_file

import cnndsl
from cnndsl.weights import WeightsError, from_keras, load
from cnndsl.weights.assign import assign
from cnndsl.weights.keras import keras_source
from cnndsl.weights.mapping import Choices
from cnndsl.weights.network import abstract, image_shape, network_of, weights_of
from tests.weights.conftest import randomised
from tests.weights.test_layouts import model_of
from tests.weights.test_load import assert_same, values

keras = pytest.importorskip("keras")
layers = keras.layers
NUMPY_2 = "ignore:__array__ implementation:DeprecationWarning"
pytestmark = [pytest.mark.xla, pytest.mark.filterwarnings(NUMPY_2)]


@pytest.fixture
def application():
    """`Net` in Keras, its branches built in the other order, its weights random."""
    image = x = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = layers.ReLU()(norm()(x))
    shortcut = norm()(layers.Conv2D(6, 1)(x))
    x = layers.ReLU()(norm()(layers.Conv2D(6, 1)(x)))
    x = layers.DepthwiseConv2D(3, padding="same")(x)
    x = norm()(layers.Conv2D(6, 1)(x))
    x = layers.MaxPooling2D()(layers.ReLU()(layers.Add()([shortcut, x])))
    model = keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))
    rng = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(rng.uniform(0.5, 1.5, variable.shape) * rng.choice([-1, 1], variable.shape))
        if variable.name == "moving_variance":
            variable.assign(abs(variable.value))
    yield model
    keras.backend.clear_session()


def norm():
    return layers.BatchNormalization(epsilon=1e-5)


def assert_equal_logits(model: nnx.Module, application) -> None:
    images = np.random.default_rng(1).normal(size=(2, 8, 8, 3)).astype(np.float32)
    model.eval()
    want = np.asarray(application(images))
    assert np.abs(np.asarray(model(images)) - want).max() <= 1e-5 * np.abs(want).max()


def test_from_keras(module, application):
    model = abstract(module.Net)
    filled = from_keras(model, application)
    assert_equal_logits(model, application)
    assert {pair.by for pair in filled.pairs} == {"graph"}


def test_images_of_any_size(module):
    image = keras.Input((None, None, 3))
    x = layers.ReLU()(norm()(layers.Conv2D(4, 3, padding="same", use_bias=False)(image)))
    x = layers.Conv2D(6, 3, padding="same")(x)
    with pytest.raises(WeightsError, match="1 of our and 0 of their") as caught:
        from_keras(abstract(module.Plain), keras.Model(image, x))
    assert "head_dense (bias 3, kernel 96x3)" in str(caught.value)


SCALED = """
model Scaled(classes = 3) {
  input 8x8x3
  conv(4, 1) -> layer_scale -> global_avg_pool -> dense(classes)
}
"""


class Factors(layers.Layer):
    """A factor per channel, which has no name but that of its attribute."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.gamma = self.add_weight(shape=(shape[-1],))

    def call(self, x):
        return x * self.gamma


def test_a_variable_without_a_name_has_that_of_its_attribute(tmp_path):
    (tmp_path / "scaled.cnn").write_text(SCALED, encoding="utf-8")
    image = keras.Input((8, 8, 3))
    x = layers.GlobalAveragePooling2D()(Factors()(layers.Conv2D(4, 1)(image)))
    theirs = keras.Model(image, layers.Dense(3)(x))
    ours = abstract(cnndsl.load(tmp_path / "scaled.cnn").Scaled)
    from_keras(ours, theirs)
    assert_equal_logits(ours, theirs)


ENLARGING = """
model Enlarging(classes = 3) {
  input 8x8x3
  conv(5, 1) -> relu -> conv_transpose(4, 3, stride = 3) -> relu
  conv_transpose(4, 2, stride = 2) -> relu
  global_avg_pool -> dense(classes)
}
"""


def test_kernels_of_transposed_convolutions_are_turned(tmp_path):
    """One whose shape tells that it lies in another way, and one that is as long as it is wide."""
    (tmp_path / "enlarging.cnn").write_text(ENLARGING, encoding="utf-8")
    cls = cnndsl.load(tmp_path / "enlarging.cnn").Enlarging
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(5, 1, activation="relu")(image)
    x = layers.Conv2DTranspose(4, 3, strides=3, activation="relu")(x)
    x = layers.Conv2DTranspose(4, 2, strides=2, activation="relu")(x)
    theirs = keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))

    ours = abstract(cls)
    from_keras(ours, theirs)
    assert_equal_logits(ours, theirs)

    for name in ("net.keras", "net.h5"):
        theirs.save(tmp_path / name)
    theirs.save_weights(tmp_path / "net.weights.h5")
    torch = {}
    for layer in theirs.layers:
        if layer.weights:
            kernel, torch[f"{layer.name}.bias"] = layer.get_weights()
            order = (-1, -2, *range(kernel.ndim - 2))
            torch[f"{layer.name}.weight"] = np.ascontiguousarray(kernel.transpose(order))
    save_file(torch, tmp_path / "net.safetensors")
    for name in ("net.keras", "net.h5", "net.weights.h5", "net.safetensors"):
        loaded = abstract(cls)
        load(loaded, tmp_path / name)
        assert_same(loaded, ours)


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_files_that_describe_the_network(module, application, tmp_path, name):
    application.save(tmp_path / name)
    model = abstract(module.Net)
    filled = load(model, tmp_path / name)
    assert {pair.by for pair in filled.pairs} == {"graph"}
    assert_equal_logits(model, application)


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
@pytest.mark.parametrize(
    ("epsilon", "activation", "said"),
    [
        (1e-3, layers.ReLU, "with epsilon 0.001; Plain has epsilon 1e-05"),
        (1e-5, lambda: layers.Activation("silu"), "with swish; Plain has relu"),
        (1e-5, lambda: layers.ReLU(6.0), "with relu6; Plain has relu"),
    ],
)
def test_files_that_describe_another_network(module, tmp_path, name, epsilon, activation, said):
    """All weights fit: the description says that they were trained for something else."""
    x = image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(x)
    x = activation()(layers.BatchNormalization(epsilon=epsilon)(x))
    x = layers.MaxPooling2D()(activation()(layers.Conv2D(6, 3, padding="same")(x)))
    keras.Model(image, layers.Dense(3)(layers.Flatten()(x))).save(tmp_path / name)
    with pytest.raises(WeightsError, match=said):
        load(abstract(module.Plain), tmp_path / name)


def test_files_of_weights_alone_do_not_tell_branches_apart(module, application, tmp_path):
    application.save_weights(tmp_path / "net.weights.h5")
    with pytest.raises(WeightsError, match="which is which"):
        load(abstract(module.Net), tmp_path / "net.weights.h5")


def test_a_description_that_lies_is_not_believed(module, application, tmp_path):
    application.save(tmp_path / "net.keras")
    with zipfile.ZipFile(tmp_path / "net.keras") as archive:
        data = archive.read("model.weights.h5")
    for config in (b"[]", b"{" * 10**6, b'{"class_name": "Functional", "config": {"layers": []}}'):
        with zipfile.ZipFile(tmp_path / "net.keras", "w") as archive:
            archive.writestr("model.weights.h5", data)
            archive.writestr("config.json", config)
        with pytest.raises(WeightsError, match="which is which"):
            load(abstract(module.Net), tmp_path / "net.keras")


def test_a_chain_of_weights_alone(module, plain, tmp_path):
    image = keras.Input((8, 8, 3))
    x = layers.ReLU()(norm()(layers.Conv2D(4, 3, padding="same", use_bias=False)(image)))
    x = layers.MaxPooling2D()(layers.Conv2D(6, 3, padding="same", activation="relu")(x))
    model = keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))
    model.save_weights(tmp_path / "net.weights.h5")
    load(plain, tmp_path / "net.weights.h5")
    assert_equal_logits(plain, model)
    other = abstract(module.Plain)
    from_keras(other, model)
    assert_same(plain, other)


def test_what_does_not_match_is_listed_and_nothing_is_copied(module, application):
    model = randomised(abstract(module.Plain))
    before = values(model)
    with pytest.raises(WeightsError) as caught:
        from_keras(model, application)
    assert "body_conv (bias 6, kernel 3x3x4x6)" in str(caught.value)
    assert "depthwise_conv2d" in str(caught.value)
    assert "kernel 3x3x1x6, bias 6" in str(caught.value)
    for path, variable in weights_of(model).items():
        np.testing.assert_array_equal(variable.get_value(), before[".".join(map(str, path))])


def test_other_backends_are_refused(module, application, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    with pytest.raises(WeightsError, match="Keras runs on torch") as caught:
        from_keras(abstract(module.Net), application)
    assert "KERAS_BACKEND=jax" in caught.value.help


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("InceptionV3", "InceptionV3"),
        ("InceptionResNetV2", "InceptionResNetV2"),
        ("Xception", "Xception"),
        ("DenseNet121", "DenseNet121"),
        ("ResNet50", "ResNet50Keras"),
        ("ResNet50V2", "ResNet50V2"),
        ("MobileNet", "MobileNet"),
        ("MobileNetV2", "MobileNetV2"),
        ("EfficientNetB0", "EfficientNetB0"),
        ("EfficientNetV2B0", "EfficientNetV2B0"),
        ("MobileNetV3Small", "MobileNetV3Small"),
        ("MobileNetV3Large", "MobileNetV3Large"),
    ],
)
def test_layouts_say_what_the_graph_says(name, model):
    """Also where Keras numbers layers, and a session has built other networks before."""
    keras.backend.clear_session()
    keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(3, 1), norm()])
    application = getattr(keras.applications, name)(weights=None)
    network = network_of(model_of(model))
    source = keras_source(application, image_shape(model_of(model)))
    by_graph = assign(network, source, Choices())
    assert {pair.by for pair in by_graph.pairs} == {"graph"}
    assert str(by_graph.layout).startswith("keras")
    unordered = tuple(replace(layer, feeds=None) for layer in reversed(source.layers))
    by_layout = assign(network, replace(source, layers=unordered), Choices())
    assert {pair.by for pair in by_layout.pairs} == {"layout"}
    assert {pair.ours.name: pair.theirs.name for pair in by_layout.pairs} == {
        pair.ours.name: pair.theirs.name for pair in by_graph.pairs
    }
    keras.backend.clear_session()


def test_a_model_of_another_form_is_refused(module, application):
    """All weights fit: the network has another epsilon than the Keras model."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", use_bias=False)(image)
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-3)(x))
    x = layers.MaxPooling2D()(layers.Conv2D(6, 3, padding="same", activation="relu")(x))
    other = keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))
    model = randomised(abstract(module.Plain))
    before = values(model)
    with pytest.raises(WeightsError, match=r"with epsilon 0\.001; Plain has epsilon 1e-05"):
        from_keras(model, other)
    for name, value in values(model).items():
        np.testing.assert_array_equal(value, before[name])
