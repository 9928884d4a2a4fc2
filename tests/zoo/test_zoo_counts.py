"""The zoo against the figures of Keras applications, torchvision and timm.

`counts.json` has the parameters, multiply-accumulates and input of 524 of their networks, measured
on the libraries themselves; a network of the zoo is one of them if parameters and input are equal.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cnndsl import zoo

COUNTS: dict[str, dict[str, list[int]]] = json.loads(
    Path(__file__).with_name("counts.json").read_text(encoding="utf-8")
)
COUNTS.pop("columns")
# The convolutions along the channels, which timm's figures leave out; specs/seresnet.cnn says so.
ALONG_CHANNELS = {
    "ecaresnet101d": 174_848,
    "ecaresnet200d": 292_608,
    "ecaresnet269d": 441_088,
    "ecaresnet26t": 46_592,
    "ecaresnet50d": 87_808,
    "ecaresnet50t": 87_808,
}
# Of as many parameters as a network of the zoo, but other networks: strides of theirs stand
# elsewhere, or blurs beside them.
OTHERS = {
    "efficientnet_blur_b0",
    "legacy_seresnet50",
    "legacy_seresnet101",
    "legacy_seresnet152",
}


def like(row: list[int]) -> list[int]:
    """The multiply-accumulates of the zoo's networks with these parameters and this input."""
    return [e.macs for e in zoo.list_models() if [e.params, *e.input] == [row[0], *row[2:]]]


@pytest.mark.parametrize("library", COUNTS)
def test_what_has_their_parameters_has_their_macs(library: str):
    for name, row in COUNTS[library].items():
        macs = row[1] + ALONG_CHANNELS.get(name, 0)
        assert name in OTHERS or not like(row) or macs in like(row), name


@pytest.mark.parametrize(("library", "found"), [("keras", 40), ("torchvision", 67), ("timm", 261)])
def test_so_many_of_their_networks_are_in_the_zoo(library: str, found: int):
    names = [name for name, row in COUNTS[library].items() if like(row) and name not in OTHERS]
    assert len(names) >= found
