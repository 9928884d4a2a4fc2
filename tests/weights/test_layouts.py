"""Weights under the names of torchvision and timm get into the layers that they belong to."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Mapping
from itertools import chain

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import save_file

from cnndsl.cli import main
from cnndsl.weights import WeightsError, load
from cnndsl.weights.assign import Source, assign
from cnndsl.weights.files import matched, source_of
from cnndsl.weights.forced import by_names
from cnndsl.weights.form import Form, form_of
from cnndsl.weights.layouts import SOURCES, layouts
from cnndsl.weights.mapping import Choices
from cnndsl.weights.match import Matching
from cnndsl.weights.network import Network, abstract, dotted, network_of, weights_of
from cnndsl.weights.trace import trace
from cnndsl.zoo import find, list_models
from cnndsl.zoo.index import spec_path
from cnndsl.zoo.modules import import_module
from tests.weights import torch_files
from tests.weights.libraries import PUBLISHED, Published, archive, shapes, state

pytestmark = pytest.mark.xla

QUICK = ("ResNet18", "VGG16", "MobileNetV2Torch", "EfficientNetLite0")
RESNET101 = next(p for p in PUBLISHED if p.name == "resnet101")


def model_of(name: str, **arguments: object):
    return abstract(getattr(import_module(find(name)), name), **arguments)


def placements(matching: Matching) -> dict[str, str]:
    """By tensor of ours, the tensor of theirs that it is filled from."""
    assert matching.complete
    return {
        tensor.name: pair.theirs.tensors[role].name
        for pair in matching.pairs
        for role, tensor in pair.ours.tensors.items()
    }


def resnet_place(name: str) -> str:
    """Where a tensor of torchvision's ResNet belongs, worked out apart from any layout."""
    owner, _, role = name.rpartition(".")
    norm = re.search(r"(^|\.)bn\d$|downsample\.1$", owner) is not None
    roles = {"running_mean": "mean", "running_var": "var", "bias": "bias"}
    role = roles.get(role, "scale" if norm else "kernel")
    match owner.split("."):
        case ["conv1"]:
            return f"stem_conv.{role}"
        case ["bn1"]:
            return f"stem_norm.{role}"
        case ["fc"]:
            return f"head_dense.{role}"
        case [layer, unit, "downsample", number]:
            return (
                f"layer.{int(layer[5:]) - 1}.{unit}.shortcut.{('conv', 'norm')[int(number)]}.{role}"
            )
        case [layer, unit, inner]:
            inner = inner.replace("bn", "norm")
            return f"layer.{int(layer[5:]) - 1}.{unit}.{inner}.{role}"
    raise AssertionError(name)


def assert_resnet(model, found: Mapping[str, np.ndarray]) -> None:
    values = {dotted(path): np.asarray(v.get_value()) for path, v in weights_of(model).items()}
    weights = {k: v for k, v in found.items() if not k.endswith("num_batches_tracked")}
    assert len(values) == len(weights)
    for name, array in weights.items():
        assert np.all(values[resnet_place(name)] == array.flat[0]), name


def test_safetensors_sorts_names_and_every_tensor_finds_its_layer(tmp_path):
    """`layer3.10` comes before `layer3.2` in such a file."""
    tensors = state(RESNET101.library, RESNET101.name)
    half = {name: array.astype(np.float16) for name, array in sorted(tensors.items())}
    save_file(half, tmp_path / "resnet101.safetensors", metadata={"format": "pt"})
    model = model_of("ResNet101")
    filled = load(model, tmp_path / "resnet101.safetensors")
    assert filled.layout == "torchvision resnet"
    assert {pair.by for pair in filled.pairs} == {"layout"}
    assert_resnet(model, half)


@pytest.mark.parametrize("seed", [None, 0, 1])
def test_the_order_of_a_file_plays_no_part(tmp_path, seed):
    tensors = list(state("torchvision", "resnet18").items())
    if seed is not None:
        random.Random(seed).shuffle(tensors)
    model = model_of("ResNet18")
    load(model, torch_files.save(tmp_path / "resnet18.pth", dict(tensors)))
    assert_resnet(model, dict(tensors))


@pytest.mark.parametrize(
    "published",
    [
        pytest.param(
            p, marks=() if p.model in QUICK else pytest.mark.slow, id=f"{p.library}-{p.name}"
        )
        for p in PUBLISHED
    ],
)
def test_every_tensor_finds_its_layer(published: Published):
    """By the layout; what names, kinds and shapes force without one says the same."""
    network = network_of(model_of(published.model, **published.aux))
    sources = [
        source_of(archive(published.library, published.name, seed, ordered=seed is None))
        for seed in (None, 0, 1)
    ]
    found = [assign(network, source, Choices()) for source in sources]
    assert {matching.layout for matching in found} == {published.layout}
    places = placements(found[0])
    assert all(placements(matching) == places for matching in found)
    tensors = shapes(published.library, published.name)
    counters = {name for name in tensors if name.endswith("num_batches_tracked")}
    assert set(places.values()) == tensors.keys() - counters
    forced = by_names(network.layers, network.layers, sources[1].layers)
    told = {pair.ours.name: pair.theirs.name for pair in forced.pairs}
    assert told
    by_layout = {pair.ours.name: pair.theirs.name for pair in found[0].pairs}
    assert told.items() <= by_layout.items()


# --- the right network ------------------------------------------------------------------


@pytest.fixture(scope="module")
def mobilenet() -> Network:
    return network_of(model_of("MobileNetV2"))


def test_a_network_of_another_form_is_refused(mobilenet):
    """All tensors fit: padding and epsilon do not."""
    for library, name in (("torchvision", "mobilenet_v2"), ("timm", "mobilenetv2_100")):
        with pytest.raises(WeightsError) as caught:
            assign(mobilenet, source_of(archive(library, name)), Choices())
        text = " ".join(str(caught.value).split())
        assert "symmetric padding, epsilon 1e-05" in text
        assert "MobileNetV2 has tensorflow padding, epsilon 0.001" in text
        assert caught.value.help == "load them into MobileNetV2Torch"


def test_a_form_that_the_zoo_has_not(mobilenet):
    network = network_of(model_of("MobileNet"))
    with pytest.raises(WeightsError, match="symmetric padding") as caught:
        assign(network, source_of(archive("timm", "mobilenetv1_100")), Choices())
    assert "no network of the zoo has that form" in str(caught.value.help)


@pytest.mark.parametrize(
    ("name", "model"),
    [("efficientnet_b0", "EfficientNetB0"), ("efficientnet_v2_s", "EfficientNetV2S")],
)
def test_what_pads_otherwise_than_the_zoo_is_refused(name, model):
    with pytest.raises(WeightsError, match="symmetric padding") as caught:
        assign(network_of(model_of(model)), source_of(archive("torchvision", name)), Choices())
    assert "no network of the zoo has that form" in caught.value.help


def test_forms():
    torch, keras = Form("symmetric", 1e-5, "relu6"), Form("tensorflow", 1e-3, "relu6")
    assert torch.differences(Form("symmetric", 1.001e-5, "relu6")) == []
    assert torch.differences(Form()) == []
    assert [one for one, _ in torch.differences(keras)] == ["symmetric padding", "epsilon 1e-05"]
    assert Form(activation="relu").differences(torch) == [("relu", "relu6")]
    assert keras.spelled == "tensorflow padding, epsilon 0.001, relu6"


def around(x):
    return jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))


@pytest.mark.parametrize(
    ("function", "seen"),
    [
        (lambda x: nnx.max_pool(around(x), (3, 3), (2, 2)), ("zeros", None)),
        (lambda x: nnx.max_pool(around(nnx.relu(x)), (3, 3), (2, 2)), (None, None)),
        (lambda x: nnx.max_pool(around(nnx.tanh(x)), (3, 3), (2, 2)), ("zeros", None)),
        (lambda x: nnx.max_pool(x, (3, 3), (2, 2), "SAME"), ("map", None)),
        (lambda x: nnx.max_pool(x, (2, 2), (2, 2), "SAME"), (None, None)),
        (lambda x: nnx.avg_pool(x, (3, 3), (2, 2), "SAME"), (None, "zeros")),
        (lambda x: nnx.avg_pool(around(x), (3, 3), (2, 2)), (None, "zeros")),
        (lambda x: nnx.avg_pool(x, (3, 3), padding="SAME", count_include_pad=False), (None, "map")),
        (lambda x: nnx.avg_pool(x, (2, 2), (2, 2)), (None, None)),
    ],
)
def test_what_pools_see_at_the_edges_of_a_map(function, seen):
    image = jax.ShapeDtypeStruct((1, 8, 8, 3), jnp.float32)
    form = form_of([], trace(lambda _, x: function(x), [], [], image).pools)
    assert (form.max_pools, form.average_pools) == seen


@pytest.mark.slow
def test_pools_of_another_form_are_refused():
    """Networks that differ in what max pools see at the edges of a map, and in nothing else."""
    theirs, ours = network_of(model_of("NASNetLargeTimm")), network_of(model_of("NASNetLarge"))
    source = Source(tuple(theirs.layers), form=theirs.form)
    assert assign(theirs, source, Choices()).complete
    with pytest.raises(WeightsError, match="max pools that see the map alone"):
        assign(ours, source, Choices())


@pytest.mark.slow
def test_layouts_have_the_form_of_their_models():
    for layout in layouts():
        if layout.models and not layout.models[0].startswith("EfficientNet"):
            form = network_of(model_of(layout.models[0])).form
            assert not layout.form.differences(form), layout.name
            pools = (layout.form.max_pools, layout.form.average_pools)
            assert pools == (form.max_pools, form.average_pools), layout.name


def test_what_a_smaller_network_has_no_place_for_is_listed():
    with pytest.raises(WeightsError, match=r"layer3\.6\.conv1"):
        load_archive(model_of("ResNet50"), RESNET101)


def load_archive(model, published: Published):
    from cnndsl.weights.fill import fill

    return fill(model, matched(model, archive(published.library, published.name), Choices()))


# --- the files of layouts ---------------------------------------------------------------


def test_layouts_name_models_of_the_zoo():
    models = {entry.name for entry in list_models()}
    for layout in layouts():
        assert set(layout.models) <= models, layout.name
        assert set(layout.sources) <= set(SOURCES), layout.name
        assert layout.head, layout.name


def test_names_lead_there_and_back():
    network = network_of(model_of("EfficientNetLite0"))
    for layout in layouts():
        if layout.name == "timm tf_efficientnet_lite":
            for layer in network.layers:
                name = layout.theirs(layer.name)
                assert name is not None and layout.ours(name) == layer.name
            assert layout.theirs("blocks.17.conv1") is None
            assert layout.ours("blocks.1.9.conv_pw") is None
            assert layout.ours("blocks.01.0.conv_pw") is None


def layers_by_attribute(
    models: Iterable[str], capsys: pytest.CaptureFixture[str]
) -> dict[str, set[str]]:
    """By model of the zoo, its layers with weights, as the module of its spec names them."""
    found: dict[str, set[str]] = {}
    for spec in sorted({spec_path(find(model)) for model in models}):
        assert main(["summary", str(spec), "--layers", "--json"]) == 0
        for summary in json.loads(capsys.readouterr().out):
            names = found.setdefault(summary["model"], set())
            for layer in summary["layers"]:
                if layer["params"] or layer["op"] == "bn":
                    first, *second = re.sub(r"\[(\d+)\]", r".\1", layer["path"]).split(" + ")
                    names.add(first)
                    names.update(f"{first.rpartition('.')[0]}.{name}" for name in second)
    return found


@pytest.mark.slow
def test_layouts_have_a_name_for_every_layer_of_their_models(capsys):
    """Modules may come to call their layers otherwise: then the layouts must follow."""
    named: dict[tuple[str, str], set[str]] = {}
    attributes = layers_by_attribute(chain(*(layout.models for layout in layouts())), capsys)
    for layout in layouts():
        for model in layout.models:
            if named.get((layout.name, model)) == set():  # by another variant
                continue
            missing = {name for name in attributes[model] if layout.theirs(name) is None}
            if layout.counted:  # the rest are numbered
                missing = {name for name in missing if "dense" in name}
                lines = {right.expression.pattern for _, right in layout.lines}
                assert all(any(map(re.compile(p).fullmatch, attributes[model])) for p in lines)
            known = named.setdefault((layout.name, model), missing)
            if len(missing) < len(known):
                named[layout.name, model] = missing
    assert {key: sorted(missing)[:3] for key, missing in named.items() if missing} == {}
