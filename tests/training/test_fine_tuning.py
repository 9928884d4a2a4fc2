"""Trained weights in, parts of a network held still, other classes out."""

from __future__ import annotations

import numpy as np
import pytest
from flax import nnx

from cnndsl import zoo
from cnndsl.training import Settings, TrainingError, fit
from cnndsl.training.define import choose, layers_of_stages
from cnndsl.training.frozen import attribute, check_prefixes, lies_below
from tests.training.conftest import pictures

pytestmark = pytest.mark.xla
FREEZE = ("stem_conv", "stem_norm")


def values(model: nnx.Module) -> dict[str, np.ndarray]:
    """Parameters and statistics by attribute."""
    from cnndsl.weights.network import weights_of

    return {attribute(p): np.asarray(v.get_value()) for p, v in weights_of(model).items()}


@pytest.fixture
def trained(run) -> nnx.Module:
    """The network of a run of three classes, whose weights are in run/best.safetensors."""
    from cnndsl.training.use import trained

    return trained(run).network


def test_frozen_layers_keep_their_bits_with_other_classes(folder, trained):
    images, labels = pictures(60, seed=3)
    two = labels < 2
    np.savez(folder / "two.npz", images=images[two], labels=labels[two])
    settings = Settings(
        "tiny.cnn",
        data="two.npz",
        epochs=2,
        batch=8,
        rate=0.01,
        weights="run/best.safetensors",
        freeze=FREEZE,
    )
    said: list[str] = []
    tuned = fit(settings, folder / "tuned", say=said.append)
    assert "begins with the weights of run/best.safetensors; the last layer is new" in said
    before, after = values(trained), values(tuned.model)
    assert before["head_dense.kernel"].shape[-1] == 3
    assert after["head_dense.kernel"].shape[-1] == 2
    still = [name for name in after if name.startswith(FREEZE)]
    assert sorted(still) == [
        "stem_conv.kernel",
        "stem_norm.bias",
        "stem_norm.mean",
        "stem_norm.scale",
        "stem_norm.var",
    ]
    for name in still:
        assert before[name].tobytes() == after[name].tobytes(), name
    assert before["body_conv.kernel"].tobytes() != after["body_conv.kernel"].tobytes()


@pytest.mark.slow
def test_weights_of_the_same_classes_keep_the_last_layer(folder, trained):
    settings = Settings(
        "tiny.cnn", data="kinds.npz", epochs=1, batch=32, rate=1e-9, weights="run/best.safetensors"
    )
    said: list[str] = []
    tuned = fit(settings, folder / "tuned", say=said.append)
    assert "begins with all weights of run/best.safetensors" in said
    kernel = values(trained)["head_dense.kernel"]
    np.testing.assert_allclose(values(tuned.model)["head_dense.kernel"], kernel, atol=1e-6)


@pytest.mark.parametrize(
    ("freeze", "message"),
    [
        (("stem_cov",), "the network has no layers at `stem_cov`"),
        (("stem_conv", "stem_norm", "body_conv", "head_dense"), "every layer is frozen"),
    ],
)
def test_paths_that_freeze_nothing_or_all_are_refused(folder, freeze, message):
    with pytest.raises(TrainingError, match=message):
        fit(Settings("tiny.cnn", data="kinds.npz", batch=32, freeze=freeze), folder / "run")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("model", "stages", "paths"),
    [
        ("tiny.cnn", ["stem"], ["stem_conv", "stem_norm"]),
        ("tiny.cnn", ["body", "head_dense"], ["body_conv", "body_dropout", "head_dense"]),
        ("ResNet20", ["layer1", "stem_conv"], ["layer[0]", "stem_conv"]),
        ("MobileNetV2Torch", ["nothing"], ["nothing"]),
    ],
)
def test_a_stage_stands_for_its_layers(folder, model, stages, paths):
    assert list(layers_of_stages(choose(model), stages)) == paths


def test_a_separable_convolution_has_two_paths_below_its_block(folder):
    spec = """
block pair { separable(4, 3) -> bn }
model Net(classes = 2) {
  input 8x8x1
  stage stem { conv(1, 3) -> pair }
  stage body { separable(4, 3) -> pair }
  stage head { global_avg_pool -> dense(classes) }
}
"""
    (folder / "net.cnn").write_text(spec)
    paths = layers_of_stages(choose("net.cnn"), ["stem", "body"])
    assert paths == ("stem_conv", "stem_pair", "body_depthwise", "body_pointwise", "body_pair")


@pytest.mark.parametrize(
    "name",
    [
        "ResNet20",
        "VGG16",
        pytest.param("GoogLeNet", marks=pytest.mark.slow),
        pytest.param("MobileNetV2Torch", marks=pytest.mark.slow),
    ],
)
def test_layers_are_frozen_by_the_paths_that_a_summary_prints(name):
    from cnndsl.pipeline import check_source, name_layers, summaries
    from cnndsl.source import Source
    from cnndsl.zoo.index import find, spec_path

    text = spec_path(find(name)).read_text(encoding="utf-8")
    checked = check_source(Source(name, text), model=name)
    name_layers(checked, model=name)
    (summary,) = (s for s in summaries(checked) if s.model == name)
    model = nnx.eval_shape(lambda: zoo.create(name, rngs=nnx.Rngs(0)))
    paths = [path for path, _ in nnx.to_flat_state(nnx.state(model, nnx.Param))]
    printed = [layer.path for layer in summary.layers if layer.params]
    for path in printed:
        check_prefixes(model, [path])
    owners = {attribute(path[:-1]) for path in paths}
    assert owners <= set(printed)
    assert lies_below(("layer1", 0, "conv", "kernel"), ["layer1"])
    assert not lies_below(("layer10", 0, "conv", "kernel"), ["layer1"])


def test_stages_learn_at_the_rates_of_the_recipe(folder, trained):
    recipe = "optimizer sgd\n schedule constant(0.1)\n epochs 1\n batch 32\n rates stem(0)"
    spec = (folder / "tiny.cnn").read_text().rstrip().removesuffix("}")
    (folder / "rated.cnn").write_text(f"{spec} train {{ {recipe} }}\n}}\n")
    settings = Settings("rated.cnn", data="kinds.npz", weights="run/best.safetensors")
    tuned = fit(settings, folder / "tuned")
    before, after = values(trained), values(tuned.model)
    same = {name for name in before if before[name].tobytes() == after[name].tobytes()}
    assert same == {"stem_conv.kernel", "stem_norm.scale", "stem_norm.bias"}
