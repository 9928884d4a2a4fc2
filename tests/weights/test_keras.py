"""What Keras built, and what it saved, gets into networks."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
from flax import nnx

from cnndsl.weights import WeightsError, from_keras, load
from cnndsl.weights.network import abstract, weights_of
from tests.weights.conftest import randomised
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


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_files_that_describe_the_network(module, application, tmp_path, name):
    application.save(tmp_path / name)
    model = abstract(module.Net)
    filled = load(model, tmp_path / name)
    assert {pair.by for pair in filled.pairs} == {"graph"}
    assert_equal_logits(model, application)


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
