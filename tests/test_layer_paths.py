"""The names that `summary --layers` shows lead to the layers of the models of flax."""

from __future__ import annotations

import re
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest
from flax import nnx

from cnndsl.checked import Checked
from cnndsl.files import Files
from cnndsl.ir import Network
from cnndsl.pipeline import check_source, name_layers
from cnndsl.source import Source
from cnndsl.targets.flax import Flax
from cnndsl.targets.flax.attributes import BOTH
from cnndsl.targets.python.module_tree import Module
from cnndsl.targets.target import Origin
from cnndsl.walks import layers
from tests.compiled import GENERATED, SPECS
from tests.modules import abstract, imported
from tests.targets.parse import parse_module

pytestmark = pytest.mark.xla

# Families whose blocks name their layers as those of others do, and take seconds.
LIKE_OTHERS = {
    *("dpn", "ghostnet", "hrnet", "regnet_timm", "repvgg", "res2net", "resnet_d", "resnetv2"),
    *("segmentation", "seresnet", "sknet", "vovnet", "cspnet", "dla", "efficientdet", "fasternet"),
    *("genet", "hardnet", "inception_next", "mixnet", "resnest", "rexnet", "selecsls", "starnet"),
}
ALL = [
    pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in LIKE_OTHERS else [])
    for path in sorted(SPECS.glob("*.cnn"))
]


class Committed(Flax):
    """Makes the module that is committed, which tests/test_docs.py compiles again."""

    def __init__(self, text: str):
        super().__init__()
        self.text_of_module = text

    def module(self, checked: Checked, origin: Origin) -> Module:
        return parse_module(self.text_of_module)


@pytest.mark.parametrize("path", ALL)
def test_names_lead_to_the_layers_that_have_the_weights(path: Path) -> None:
    source = Source(path.name, path.read_text(encoding="utf-8"))
    checked = check_source(source, Files(path.name, str(SPECS)).load)
    text = (GENERATED / f"{path.stem}.py").read_text(encoding="utf-8")
    name_layers(checked, target=Committed(text))
    module = imported(text)
    network = min(checked.networks, key=lambda net: len(list(layers(net.frame))))
    model = abstract(getattr(module, network.name))
    named = names_of(network)
    assert {path: counted(modules(model, path)) for path in named} == named
    leaves = [leaf for path in named for leaf in modules(model, path)]
    within = {id(each) for leaf in leaves for each in inside(leaf)}
    assert {id(leaf) for leaf in leaves} <= {id(owner) for owner in owners(model)} <= within


def names_of(network: Network) -> dict[str, int]:
    """The numbers that layers with weights hold, by name, those of batch statistics among them."""
    found: dict[str, int] = {}
    for layer in layers(network.frame):
        op, shape = layer.op, layer.x.shape
        assert shape is not None
        held = [*op.params(shape).values(), *op.state(shape).values()]
        if held:
            count = sum(map(prod, held))
            assert found.setdefault(layer.path, count) == count  # shared layers run again
    return found


def modules(model: nnx.Module, path: str) -> list[nnx.Module]:
    """What a name stands for; a second one is of the object that the first one is of."""
    first, *others = path.split(BOTH)
    owner = first[: first.rfind(".") + 1]
    return [attribute(model, path) for path in (first, *(owner + name for name in others))]


def attribute(model: nnx.Module, path: str) -> nnx.Module:
    """`layer1[0].conv`, step by step."""
    found: Any = model
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path.replace("[", ".[")):
        found = found[int(index)] if index else getattr(found, name)
    assert isinstance(found, nnx.Module)
    return found


def counted(found: list[nnx.Module]) -> int:
    """The numbers that modules hold as weights."""
    flat = (variable for each in found for _, variable in nnx.to_flat_state(nnx.state(each)))
    return sum(prod(v.get_value().shape) for v in flat if is_weight(v))


def inside(leaf: nnx.Module) -> Iterator[nnx.Module]:
    """A layer, and the one that it wraps."""
    return (module for _, module in nnx.iter_modules(leaf))


def is_weight(value: object) -> bool:
    """A module's own class of variables is that of frozen ones."""
    return isinstance(value, nnx.Param | nnx.BatchStat) or type(value).__name__ == "Frozen"


def owners(model: nnx.Module) -> list[nnx.Module]:
    """The modules that hold weights themselves."""
    return [
        module
        for _, module in nnx.iter_modules(model)
        if any(map(is_weight, vars(module).values()))
    ]
