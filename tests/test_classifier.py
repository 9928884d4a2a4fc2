"""`classes = 0`: a network without its classifier, as elaborated."""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl import zoo
from cnndsl.checked import Checked
from cnndsl.counts import count_layer
from cnndsl.elaborate.head import classifiers
from cnndsl.files import Files
from cnndsl.ir import Layer, Network
from cnndsl.pipeline import check_source
from cnndsl.source import Source
from cnndsl.summary import summarize_network
from cnndsl.walks import layers
from cnndsl.zoo.index import spec_path

NET = """\
{definitions}
model Net(classes = 10) {{
  input 8x8x3
  conv(8, 3, pad = valid) -> relu
  {body}
}}
"""


def check(body: str, definitions: str = "", **values: object) -> Checked:
    text = NET.format(body=body, definitions=definitions)
    return check_source(Source("net.cnn", text), overrides=values)


def classifier(whole: Network) -> Layer | None:
    """That of the one result."""
    found = classifiers(whole, aux=False)
    assert len(found) < 2
    return found[0] if found else None


def network(body: str, definitions: str = "", **values: object) -> Network:
    checked = check(body, definitions, **values)
    assert not checked.diagnostics, [d.message for d in checked.diagnostics]
    return checked.networks[0]


def codes(body: str, definitions: str = "", **values: object) -> list[str]:
    return [d.code for d in check(body, definitions, **values).diagnostics]


HEADS = {
    "a dense layer": ("flatten -> dense(classes)", "", "dense", (288,)),
    "a stage": ("stage head { flatten -> dense(classes) } : [classes]", "", "dense", (288,)),
    "a pooled convolution": (
        "dropout(0.5) -> conv(classes, 1) -> relu -> global_avg_pool",
        "",
        "conv",
        (8,),
    ),
    "a map asserted": (
        "conv(classes, 1x1) -> relu : [6, 6, classes]\n  global_avg_pool",
        "",
        "conv",
        (8,),
    ),
    "a scaled result": ("flatten -> dense(classes) -> scale(0.125)", "", "dense", (288,)),
    "a block": ("top(classes)", "block top(units) { flatten\n  dense(units) }", "dense", (288,)),
    "a let": ("let n = classes\n  flatten -> dense(units = n)", "", "dense", (288,)),
    "a group": ("{ flatten -> { dense(classes) } }", "", "dense", (288,)),
    "a loop": ("for i in 0 .. 2 { if i == 1 { flatten -> dense(classes) } }", "", "dense", (288,)),
    "a named tensor": ("y = flatten -> dense(classes)\n  y", "", "dense", (288,)),
    "a repetition": ("flatten -> { dense(20) } * 2 -> { dense(classes) } * 1", "", "dense", (20,)),
}


@pytest.mark.parametrize("head", HEADS)
def test_the_classifier_is_known(head):
    body, definitions, op, _ = HEADS[head]
    whole = network(body, definitions)
    found = classifier(whole)
    assert found is not None
    assert found.op.name == op
    assert found in list(layers(whole.frame))


@pytest.mark.parametrize("head", HEADS)
def test_without_classes_it_is_left_out(head):
    body, definitions, _, features = HEADS[head]
    whole, rest = network(body, definitions), network(body, definitions, classes=0)
    found = classifier(whole)
    assert found is not None
    assert rest.output.shape == features
    assert rest.endpoints["logits"] is rest.output
    kept = [layer.op.name for layer in layers(whole.frame) if layer is not found]
    assert [layer.op.name for layer in layers(rest.frame)] == kept
    missing = summarize_network(whole).params - summarize_network(rest).params
    assert missing == count_layer(found).params
    assert rest.arguments["classes"] == 0


@pytest.mark.parametrize("head", HEADS)
def test_it_is_compiled(head):
    body, definitions, _, _ = HEADS[head]
    text = NET.format(body=body, definitions=definitions)
    compiled = cnndsl.compile(text, set={"classes": 0})
    assert compiled.code is not None
    rest = summarize_network(network(body, definitions, classes=0))
    assert compiled.summaries[0].params == rest.params


def test_what_counts_classes_besides_the_classifier_wants_a_positive_integer():
    body = "flatten -> dense(classes) -> relu -> dense(classes)"
    assert codes(body, classes=3) == []
    assert codes(body, classes=0) == ["E205"]


@pytest.mark.parametrize(
    "body",
    [
        "conv(classes, 1) -> tanh -> conv(classes, 1)",
        "conv(classes, 3) -> tanh -> conv(classes, 1)",
        "aux side { conv(classes, 3) -> global_avg_pool }\n  conv(classes, 1)",
    ],
)
def test_a_network_that_needs_its_classes_elsewhere_is_built_with_its_classifier(body):
    text = NET.format(body=f"{body} -> global_avg_pool", definitions="")
    (found,) = cnndsl.check(text.replace("classes = 10", "classes = 0"))
    assert found.code == "E205"
    assert found.notes[0].startswith("`classes = 0` leaves out the last dense or 1x1 convolution")
    code = cnndsl.compile(text).code
    assert code is not None
    assert "if classes" not in code


NONE = {
    "an unused parameter": ("flatten -> dense(7)", "dense(7)"),
    "another count": ("flatten -> dense(classes + 1)", "dense(classes + 1)"),
    "a rebound name": ("let classes = 4\n  flatten -> dense(classes)", "dense(classes)"),
    "a loop's variable": ("for classes in [4] { flatten -> dense(classes) }", "dense(classes)"),
    "no layer": ("flatten", "conv(8, 3, pad = valid)"),
    "another window": (
        "conv(classes, 3) -> global_avg_pool",
        "conv(classes, 3)",
    ),
    "a product": ("flatten -> dense(3 * classes)", "dense(3 * classes)"),
    "groups": ("conv(classes, 1, groups = 2) -> global_avg_pool", "conv(classes, 1, groups = 2)"),
    "parameters behind it": ("flatten -> dense(classes) -> layer_scale", "layer_scale"),
    "a norm behind it": ("conv(classes, 1) -> bn -> relu -> global_avg_pool", "bn"),
    "a sum of two": ("flatten -> add [ dense(classes), dense(classes) ]", "add"),
    "a sum of unlike ones": (
        "concat [ here, here ] as both\n  "
        "add [ both -> conv(classes, 1), in -> conv(classes, 3, pad = valid) -> conv(classes, 1) ]",
        "add",
    ),
    "a hidden layer": ("flatten -> dense(classes) -> relu -> dense(5)", "dense(5)"),
    "a side result": ("y = flatten -> dense(classes)\n  flatten -> dense(7)", "dense(7)"),
}


@pytest.mark.parametrize("head", NONE)
def test_a_network_without_a_classifier_says_so(head):
    """And which layer or merge it ends in."""
    body, end = NONE[head]
    assert classifier(network(body, classes=4)) is None
    (found,) = check(body, classes=0).diagnostics
    assert found.code == "E213"
    assert "`Net` has no classifier" in found.message
    (label,) = found.labels
    assert label.span.text.startswith(end)


def test_a_model_in_another_without_a_classifier_says_so():
    text = NET.format(body="conv(classes, 1) -> bn -> global_avg_pool", definitions="")
    text += "model Outer { input 8x8x3\n  Net(classes = 0) -> flatten }\n"
    assert [(d.code, len(d.labels)) for d in cnndsl.check(text)] == [("E213", 1)]


def test_another_mistake_is_told_for_itself():
    assert codes("conv(classes, 3) -> dense(4)", classes=0) == ["E205"]
    assert codes("if classes == 0 { conv(classes, 3) } else { conv(4, 3) }", classes=0) == ["E205"]


def test_only_the_last_of_two_layers_is_left_out():
    body = "flatten -> dense(classes) -> relu -> dense(classes)"
    whole = network(body)
    dense = [layer for layer in layers(whole.frame) if layer.op.name == "dense"]
    assert classifier(whole) is dense[-1]
    (found,) = check(body, classes=0).diagnostics
    assert found.primary is not None
    text = found.primary.span.source.text
    assert found.primary.span.start == text.index("classes)", text.index("flatten"))


def test_a_network_that_decides_itself_needs_no_classifier():
    body = "if classes != 0 { flatten -> dense(classes) }"
    assert network(body, classes=0).output.shape == (6, 6, 8)
    assert classifier(network(body)) is not None


def test_heads_for_training_lose_theirs_too():
    body = "aux side { flatten -> dense(5) -> dense(classes) }\n  flatten -> dense(classes)"
    whole, rest = network(body), network(body, classes=0)
    assert [layer.op.name for layer in layers(rest.frame)].count("dense") == 1
    assert rest.endpoints["side"].shape == (5,)
    assert classifier(whole) is list(layers(whole.frame))[-1]


def test_a_variant_may_be_a_backbone():
    variant = "model Features = Net(classes = 0) {\n  expect params 224\n  expect output 288\n}\n"
    text = NET.format(body="flatten -> dense(classes)", definitions="") + variant
    assert cnndsl.check(text) == []
    assert [d.code for d in cnndsl.check(text.replace("224", "225"))] == ["E401"]


def test_nodes_are_counted_once(monkeypatch):
    monkeypatch.setattr("cnndsl.elaborate.context.MAX_NODES", 15)
    assert codes("relu * 8 -> flatten -> dense(classes)") == []
    assert codes("relu * 8 -> flatten -> dense(classes)", classes=0) == []


@pytest.mark.parametrize("entry", zoo.list_models(), ids=lambda entry: entry.name)
def test_every_network_of_the_zoo(entry):
    """All but the one of 1998, whose classes are pictures, and one that compares, have a layer of
    classes at their end.
    """
    path = spec_path(entry)
    source = Source(path.name, path.read_text(encoding="utf-8"))
    load = Files(path.name, str(path.parent)).load
    (whole,) = check_source(source, load, model=entry.name).networks
    if entry.task != "classification":
        assert len(classifiers(whole, aux=False)) <= max(1, len(whole.outputs))
        return
    found = classifier(whole)
    if entry.name in ("LeNet5", "SiameseOmniglot"):
        assert found is None
        return
    assert found is not None
    if entry.spec == "squeezenet.cnn":  # a convolution, of which the means are the logits
        assert (found.op.name, found.out.shape[-1:]) == ("conv", whole.output.shape)
        return
    if entry.spec == "airbench.cnn":  # a scale of its logits follows
        assert (found.op.name, found.out.shape) == ("dense", whole.output.shape)
        return
    assert (found.op.name, found.out) == ("dense", whole.output)


@pytest.mark.parametrize(
    ("name", "features", "heads"),
    [
        ("ResNet18", 512, 0),
        ("VGG16", 4096, 0),
        ("GoogLeNet", 1024, 2 * 1024),
        ("InceptionV3Aux", 2048, 768),
    ],
)
def test_networks_of_the_zoo_without_classes(name, features, heads):
    """Their heads for training are left with features, too."""
    entry = zoo.find(name)
    text = spec_path(entry).read_text(encoding="utf-8")
    found = cnndsl.summarize(text, set={"classes": 0}).summaries
    (rest,) = [network for network in found if network.model == name]
    assert rest.output == (features,)
    count = 1000 * (features + heads + 1 + (heads > 0) + (name == "GoogLeNet"))
    assert entry.params - rest.params == count
    assert set(rest.endpoints) == {point.name for point in entry.endpoints}
