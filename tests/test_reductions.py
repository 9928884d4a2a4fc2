"""How many pixels lie between the positions of a tensor, and how many of them one sees."""

from __future__ import annotations

import math

import pytest

from cnndsl import zoo
from cnndsl.endpoints import Reduction, endpoints_of
from cnndsl.ir import Network
from cnndsl.pipeline import check_source
from cnndsl.source import Source
from cnndsl.summary import LayerRow, summarize_network
from cnndsl.walks import layers


def network(body: str, size: int = 32) -> Network:
    text = f"model Net {{\n  input {size}x{size}x4\n  {body}\n}}\n"
    checked = check_source(Source("net.cnn", text))
    assert not checked.diagnostics, [d.message for d in checked.diagnostics]
    return checked.networks[0]


def reduction(body: str, size: int = 32) -> Reduction | None:
    """That of the network's result."""
    return endpoints_of(network(body, size))[-1].reduction


def last_layer(body: str) -> LayerRow:
    return summarize_network(network(body)).layers[-1]


GATE = "mul [ here, global_avg_pool(keep = true) -> conv(4, 1) -> sigmoid ]"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"conv(4, 3, stride = 2) -> {GATE}", 2),
        (f"conv(4, 3, stride = 2) -> {GATE} -> conv(4, 3, stride = 4)", 8),
        (f"{{ {GATE} -> max_pool(2) }} * 3", 8),
        ("mul [ global_avg_pool(keep = true), max_pool(2) ]", 2),
        ("mul [ here, global_avg_pool -> dense(4) -> reshape([1, 1, 4]) ] -> max_pool(2)", 2),
        ("concat [ here, global_avg_pool(keep = true) -> upsample(32) ] -> max_pool(2)", 2),
        ("max_pool(2) -> group_norm(2) -> max_pool(2)", 4),
        ("add [ max_pool(2), conv(4, 3, stride = 2) ]", 2),
    ],
)
def test_a_merge_has_the_reduction_of_its_positions(body, expected):
    assert reduction(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("global_avg_pool(keep = true)", 32),
        ("max_pool(2) -> global_max_pool(keep = true)", 32),
        ("conv(4, 3, stride = [2, 4]) -> global_avg_pool(keep = true)", 32),
        ("max_pool(2) -> reshape([8, 8, 16])", 4),
        ("max_pool(2) -> flatten -> reshape([8, 32, 4])", (4, 1)),
        ("max_pool(2) -> reshape([32, 16, 2]) -> max_pool(2)", (2, 4)),
        ("flatten -> dense(128) -> reshape([4, 4, 8]) -> upsample(2)", 4),
        ("global_avg_pool -> dense(49) -> reshape([7, 7, 1]) -> upsample(7)", 0.6531),
        ("pad([0, 1, 0, 0]) -> max_pool([3, 2]) -> reshape([11, 4, 16])", (3, 8)),
        ("max_pool(2) -> global_avg_pool -> dense(10)", None),
    ],
)
def test_what_moves_the_values_keeps_the_pixels_that_they_cover(body, expected):
    assert reduction(body) == expected


LOW = "low = conv(4, 3, stride = 3) -> conv(4, 3, stride = 3) -> max_pool(2)"  # 32, 11, 4, 2


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{LOW}\n  low -> resize(in)", 1),
        (f"{LOW}\n  low -> resize([16, 32])", (2, 1)),
        (f"{LOW}\n  low -> resize(3, nearest)", 12),  # no whole number of pixels of the image
        (f"{LOW}\n  fine = conv(4, 3, stride = 3)\n  low -> resize(fine)", 3),
        (f"{LOW}\n  low -> resize(in if true else low) -> max_pool(2)", 2),
        ("conv(4, 3, stride = 3) -> adaptive_avg_pool(4)", 8),
        ("max_pool(5, stride = 5) -> conv(4, 3, pad = valid) -> resize(in)", 1),
        (f"{LOW}\n  low -> global_avg_pool(keep = true) -> expand(in)", 1),
        (f"{LOW}\n  low -> global_avg_pool(keep = true) -> expand([16, 16, 4])", 2),
        (f"{LOW}\n  g = reduce_mean(height)\n  low\n  g -> expand(in)", 1),
        ("crop(8) -> resize(32)", 0.5),  # the middle of the image
        ("pad(16) -> resize([32, 32])", 2),
        ("p = pad(16)\n  conv(4, 3, stride = 2) -> resize(p)", 1),
    ],
)
def test_a_map_of_a_given_size_has_the_reduction_of_that_size(body, expected):
    assert reduction(body) == expected


def test_a_layer_that_is_an_argument_takes_the_size_of_its_tensor():
    text = """block apply(act) { act }
model Net {
  input 32x32x4
  conv(4, 3, stride = 3) -> apply(resize(in))
}
"""
    (net,) = check_source(Source("net.cnn", text)).networks
    assert endpoints_of(net)[-1].reduction == 1


def test_positions_of_enlarged_maps_lie_whole_pixels_apart():
    assert reduction("max_pool(49) -> upsample(49)", 98) == 1
    assert reduction("max_pool(3) -> upsample(2)", 33) == 1.5


def test_strides_without_end_have_a_reduction():
    hostile = "max_pool(1, stride = 4_503_599_627_370_495, pad = same)"
    assert math.isfinite(reduction(f"{hostile} * 40 -> upsample(2)"))
    (*_, layer) = layers(network(f"{hostile} * 2_000 -> conv(4, 3)").frame)
    assert all(map(math.isfinite, layer.out.reach))


@pytest.mark.parametrize(
    ("body", "reach"),
    [
        (f"conv(4, 3) -> {GATE} -> conv(4, 3)", (5, 5)),
        (f"conv(4, 3, stride = 2) -> {GATE} -> conv(4, 3)", (7, 7)),
        ("add [ conv(4, 3), conv(4, 5) ] -> relu", (5, 5)),
        ("concat [ here, global_avg_pool(keep = true) -> upsample(32) ] -> conv(4, 3)", None),
        ("global_avg_pool(keep = true) -> conv(4, 1)", None),
        ("reshape([16, 16, 16]) -> conv(4, 3)", None),
        ("conv(4, 3) -> reshape([32, 32, 4]) -> conv(4, 3)", (5, 5)),
        ("conv(4, 3) -> flatten", (3, 3)),
    ],
)
def test_the_receptive_field_is_that_of_the_positions(body, reach):
    assert last_layer(body).reach == reach


@pytest.mark.parametrize("number", range(8))
def test_efficientnet_ends_on_maps_of_every_32nd_pixel(number):
    ends = {point.name: point for point in zoo.endpoints(f"EfficientNetB{number}")}
    assert ends["stem"].reduction == 2
    assert ends["blocks"].reduction == 32
