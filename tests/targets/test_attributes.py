"""What a module calls the layers of its networks, as its validator sees the module."""

from __future__ import annotations

from collections import Counter

import pytest

from cnndsl.ir import Layer
from cnndsl.pipeline import check_source, compile_checked, name_layers
from cnndsl.source import Source
from cnndsl.targets.flax import Flax
from cnndsl.targets.flax.attributes import attribute_paths
from cnndsl.targets.target import Miscompiled
from cnndsl.walks import layers
from tests.targets import test_validate
from tests.targets.parse import parse_module
from tests.targets.test_validate import CORNERS, SPECS, emitted


def named(text: str) -> dict[str, str]:
    """The ops of the last model of a spec by their names in its module, in order."""
    checked = check_source(Source("spec.cnn", text))
    assert not checked.diagnostics
    name_layers(checked)
    found = list(layers(checked.networks[-1].frame))
    paths = {layer.path: layer.op.name for layer in found}
    assert len(paths) == len(found)
    return paths


def test_layers_are_attributes_of_blocks_and_of_the_model():
    text = """\
block norm { bn(eps = 1e-3) }
block shortcut(out) { conv(out, 1, bias = false) -> norm }
block unit(out) {
  add [ conv(out, 3) -> norm -> relu -> conv(out, 3) -> norm, shortcut(out) ] -> relu
}
model Net(classes = 3) {
  input 8x8x3
  stage stem { conv(4, 3) -> norm -> relu -> max_pool(2) }
  for out in [4, 6] { stage layer { unit(out) * 2 } }
  stage head { global_avg_pool -> dropout(0.5) -> dense(classes) }
}
"""
    unit = ["conv1", "norm1", "relu1", "conv2", "norm2", "shortcut.conv", "shortcut.norm", "relu2"]
    assert list(named(text)) == [
        *("stem_conv", "stem_norm", "stem.relu", "stem.max_pool"),
        *(f"layer[{i}][{j}].{name}" for i in range(2) for j in range(2) for name in unit),
        *("head.global_avg_pool", "head_dropout", "head_dense"),
    ]


def test_a_layer_of_two_convolutions_has_two_attributes():
    text = """\
block sep(out) { separable(out, 3) -> relu }
model Net { input 8x8x3
 sep(4) -> sep(5) -> global_avg_pool -> dense(2) }
"""
    found = named(text)
    assert found["sep1.depthwise + pointwise"] == "separable"
    assert found["sep2.relu"] == "relu"


def test_layers_in_a_sequence_are_those_of_its_layers():
    path = SPECS["inception_v3"]
    found = named(path.read_text(encoding="utf-8"))
    assert found["mixed0.b3.layers[1].conv"] == "conv"


def test_an_op_that_changes_nothing_is_not_taken_for_the_layer_before_it():
    text = "model Net { input 4x4x3\n conv(2, 1) -> scale(1.0) -> flatten -> dense(2) }\n"
    assert named(text) == {"conv": "conv", "scale": "scale", "flatten": "flatten", "dense": "dense"}


def test_layers_that_nothing_uses_have_names_of_their_own():
    text = CORNERS["unused"].read_text(encoding="utf-8")
    found = named(text)
    assert {"unit2.conv", "unit2.unused_conv", "spare"} < set(found)


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_layers_that_are_alike_are_found_in_any_order(order):
    text = """\
model Net {
  input 8x8x3
  a = conv(4, 3)
  b = conv(4, 3)
  concat [ a -> tanh, b -> sigmoid, a -> bn ]
}
"""
    checked = check_source(Source("spec.cnn", text))
    code = compile_checked(checked).code
    assert code is not None
    lines = {name: f"        {name} = self.{name}(x)  # (N, 8, 8, 4)\n" for name in "ab"}
    run = lines["a"] + lines["b"]
    assert run in code
    module = parse_module(code.replace(run, "".join(lines[name] for name in order)))
    (paths,) = attribute_paths(module, checked.networks)
    assert list(map(paths.get, layers(checked.networks[0].frame))) == [
        *("a", "b", "tanh", "sigmoid", "norm"),
    ]


@pytest.mark.parametrize("name", SPECS | CORNERS)
def test_no_two_layers_have_one_name(name):
    path = (SPECS | CORNERS)[name]
    networks = test_validate.checked(path).networks
    for network, paths in zip(networks, attribute_paths(emitted(path), networks), strict=True):
        own = [layer for layer in layers(network.frame) if not is_shared(layer)]
        counts = Counter(paths.get(layer) for layer in own)
        assert [path for path, count in counts.items() if count > 1] == []


def is_shared(layer: Layer) -> bool:
    """Dropouts of one rate may be one module, and a layer may run again."""
    return layer.op.name in ("dropout", "drop_path") or layer.first is not None


def test_layers_keep_their_own_names_where_there_is_no_module():
    class Broken(Flax):
        def module(self, checked, origin):
            raise Miscompiled(checked.name, ["conv: kernel is (5, 5), expected (3, 3)"])

    text = "model Net { input 4x4x3\n stage stem { conv(2, 1) } }\n"
    checked = check_source(Source("spec.cnn", text))
    name_layers(checked, target=Broken())
    assert [layer.path for layer in layers(checked.networks[0].frame)] == ["stem.conv"]
