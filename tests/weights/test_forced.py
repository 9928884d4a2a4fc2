"""Layers are placed where names force it, and nowhere else."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnndsl.weights import WeightsError
from cnndsl.weights.assign import Source, assign
from cnndsl.weights.forced import by_names
from cnndsl.weights.form import Form
from cnndsl.weights.layer import Layer, Tensor
from cnndsl.weights.mapping import Choices
from cnndsl.weights.naming import before, natural, tokens, words
from cnndsl.weights.network import Network

pytestmark = pytest.mark.xla


def layer(name: str, *feeds: int, size: int = 4) -> Layer:
    kernel = {"kernel": Tensor(f"{name}.kernel", (3, 3, size, size))}
    return Layer(name, kernel, tuple((owner, 0) for owner in feeds))


def chain(*names: str) -> list[Layer]:
    return [layer(name, index - 1) for index, name in enumerate(names)]


def place(ours: list[Layer], theirs: list[str]) -> dict[str, str] | None:
    """By ours; None if it is open which is which, or refused."""
    network = Network("Net", tuple(ours), (), (), Form())
    shuffled = [layer(name) for name in theirs]
    random.Random(0).shuffle(shuffled)
    try:
        matching = assign(network, Source(tuple(shuffled)), Choices())
    except WeightsError:
        return None
    assert matching.complete
    return {pair.ours.name: pair.theirs.name for pair in matching.pairs}


# --- names ------------------------------------------------------------------------------


def test_tokens():
    assert tokens("layer3.10.conv1") == ("layer", 3, 10, "conv", 1)
    assert tokens("block2a_se-reduce") == ("block", 2, "a", "se", "reduce")
    assert sorted(["l.10", "l.2", "l.1"], key=natural) == ["l.1", "l.2", "l.10"]
    assert words("stage1.downsample.0") == {"stage", "shortcut"}


def test_what_comes_before_what():
    assert before(tokens("layer3.2.conv9"), tokens("layer3.10.conv1"))
    assert before(tokens("conv2d"), tokens("conv2d_1"))
    assert not before(tokens("layer3.10"), tokens("layer3.2"))
    assert not before(tokens("conv1"), tokens("bn2"))
    assert not before(tokens("stem"), tokens("stem.conv"))


# --- placements -------------------------------------------------------------------------


def test_numbers_order_a_chain():
    ours = chain(*(f"convs.{i}" for i in range(12)))
    theirs = [f"features.{3 * i}" for i in range(12)]
    assert place(ours, theirs) == {f"convs.{i}": f"features.{3 * i}" for i in range(12)}


def test_words_order_nothing():
    assert place(chain("a", "b"), ["first", "second"]) is None
    assert place(chain("a", "b"), ["stem.conv", "body.conv"]) is None


def test_numbers_do_not_tell_branches_apart():
    side_by_side = [layer("conv1", -1), layer("conv2", -1), layer("end", 0, 1, size=8)]
    network = Network("Net", tuple(side_by_side), (), (), Form())
    theirs = [layer("m0"), layer("m1"), layer("m2", size=8)]
    with pytest.raises(WeightsError, match="names do not tell which is which") as caught:
        assign(network, Source(tuple(theirs)), Choices())
    assert "conv1 and conv2 have one shape" in str(caught.value)
    assert "m0 and m1" in str(caught.value)


def test_words_tell_branches_apart():
    ours = [layer("unit_conv", -1), layer("unit_shortcut.conv", -1)]
    assert place(ours, ["l1.downsample.0", "l1.conv3"]) == {
        "unit_conv": "l1.conv3",
        "unit_shortcut.conv": "l1.downsample.0",
    }


def test_groups_of_the_same_layers_are_one_another():
    """`bn1` could be any of the norms, if `layer1` were not a group as ours are."""
    ours = chain("stem", "layer.0.conv1", "layer.0.conv2", "layer.1.conv1", "layer.1.conv2")
    theirs = ["bn", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1", "layer1.1.conv2"]
    assert place(ours, theirs) == dict(zip([x.name for x in ours], theirs, strict=True))


def test_numbers_that_run_backwards_are_refused():
    """The blocks of a decoder may count downwards: by their sizes they are known, and it shows."""
    sizes = (4, 8, 4)
    ours = [layer(f"up.{i}", i - 1, size=size) for i, size in enumerate(sizes)]
    network = Network("Net", tuple(ours), (), (), Form())
    forward = [layer(f"u{i}", size=size) for i, size in enumerate(sizes)]
    assert assign(network, Source(tuple(forward)), Choices()).complete
    odd = [layer("u0", size=8), layer("u1"), layer("u2")]
    with pytest.raises(WeightsError, match="do not count as the network runs"):
        assign(network, Source(tuple(odd)), Choices())


def test_numbers_of_layers_that_stand_together_must_agree():
    norms = [layer("norm1", 0, size=2), layer("norm2", 2, size=2)]
    ours = [layer("conv1", -1), norms[0], layer("conv2", 1), norms[1]]
    network = Network("Net", tuple(ours), (), (), Form())

    def source(*names: str) -> Source:
        return Source(tuple(layer(n, size=2 if n.startswith("bn") else 4) for n in names))

    wanted = ("conv1", "bn1", "conv2", "bn2")
    found = assign(network, source(*wanted), Choices())
    assert tuple(pair.theirs.name for pair in found.pairs) == wanted
    with pytest.raises(WeightsError, match="do not count as the network runs"):
        assign(network, source("conv9", "bn1", "conv2", "bn2"), Choices())


def test_ours_and_theirs_of_other_kinds_are_left_open():
    found = by_names(chain("a"), chain("a"), [layer("b"), layer("c")])
    assert not found.pairs and len(found.open) == 1


# --- whatever happens to a file ---------------------------------------------------------


@dataclass(frozen=True)
class Example:
    """A network, the layers of a file for it, and where each of them belongs."""

    network: Network
    layers: tuple[Layer, ...]
    belongs: Mapping[int, str]  # by id of a tensor's `read`: the layer of ours


@cache
def example(kind: str) -> Example:
    from cnndsl.weights.files import source_of
    from cnndsl.weights.network import network_of
    from tests.weights.libraries import archive
    from tests.weights.test_layouts import model_of

    library, name, model = {
        "resnet": ("torchvision", "resnet18", "ResNet18"),
        "unknown resnet": ("torchvision", "resnet18", "ResNet18"),
        "vgg": ("torchvision", "vgg16", "VGG16"),
        "mobilenet": ("torchvision", "mobilenet_v2", "MobileNetV2Torch"),
    }[kind]
    network = network_of(model_of(model))
    layers = source_of(archive(library, name)).layers
    right = assign(network, Source(layers), Choices())
    assert right.complete
    places = {pair.theirs.name: pair.ours.name for pair in right.pairs}
    belongs = {key(layer): places[layer.name] for layer in layers}
    if kind == "unknown resnet":  # no layout knows these
        layers = tuple(
            replace(each, name=each.name.replace("layer", "stage").replace("downsample", "proj"))
            for each in layers
        )
        layers = tuple(replace(each, name=each.name.replace("bn", "norm")) for each in layers)
    return Example(network, layers, belongs)


def key(layer: Layer) -> int:
    """What a layer is, whatever it is called."""
    return min(id(tensor.read) for tensor in layer.tensors.values())


def test_another_name_is_no_place_among_layers_that_are_alike():
    """A convolution is dropped, one like it doubled: it may not take its place."""
    known = example("vgg")
    by_place = {known.belongs[key(layer)]: layer for layer in known.layers}
    dropped = by_place["conv4.convs.1"]
    layers = [layer for layer in known.layers if layer is not dropped]
    layers.append(replace(by_place["conv4.convs.2"], name="a"))
    try:
        matching = assign(known.network, Source(tuple(layers)), Choices())
    except WeightsError:
        return
    assert not matching.complete


def test_what_is_left_of_a_prefix_is_no_other_one():
    """Two of three norms are renamed, the first and the shortcut's: any two they might be."""
    known = example("unknown resnet")
    names = {"layer.3.0.norm1": "features.0", "layer.3.0.shortcut.norm": "features.1"}
    layers = [
        replace(each, name=names.get(known.belongs[key(each)], each.name)) for each in known.layers
    ]
    with pytest.raises(WeightsError, match="names do not tell which"):
        assign(known.network, Source(tuple(layers)), Choices())


NAMES = st.one_of(
    st.from_regex(r"[a-z]{1,3}(\.[a-z]{1,4}[0-9]?){0,2}", fullmatch=True),
    st.from_regex(r"(layer|stage)[1-4]\.[0-9]{1,2}\.(conv|bn|norm)[0-9]", fullmatch=True),
    st.from_regex(r"features\.[0-9]{1,2}(\.conv\.[0-4](\.[01])?)?", fullmatch=True),
)


@pytest.mark.parametrize("kind", ["resnet", "unknown resnet", "vgg", "mobilenet"])
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_right_or_refused(kind: str, data: st.DataObject):
    """Layers are permuted, renamed, dropped and doubled: nothing gets into a wrong place."""
    known = example(kind)
    layers = list(known.layers)
    indices = st.integers(0, len(layers) - 1)
    for index in data.draw(st.lists(indices, max_size=3, unique=True), label="renamed"):
        name = data.draw(NAMES)
        if all(each.name != name for each in (*layers, *known.layers)):
            layers[index] = replace(layers[index], name=name)
    for index in data.draw(st.lists(indices, max_size=2, unique=True), label="doubled"):
        name = data.draw(NAMES)
        if all(each.name != name for each in layers):
            layers.append(replace(layers[index], name=name))
    dropped = data.draw(st.lists(indices, max_size=2, unique=True), label="dropped")
    layers = [each for index, each in enumerate(layers) if index not in dropped]
    data.draw(st.randoms(use_true_random=False)).shuffle(layers)
    try:
        matching = assign(known.network, Source(tuple(layers)), Choices())
    except WeightsError:
        return
    if matching.complete:
        assert len(matching.pairs) == len(known.network.layers)
        for pair in matching.pairs:
            assert known.belongs[key(pair.theirs)] == pair.ours.name, pair.theirs.name
