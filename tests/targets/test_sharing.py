"""Shared layers: one module that runs in several places, and nothing else is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnndsl import summarize
from cnndsl.pipeline import check_source, compile_checked, name_layers
from cnndsl.source import Source
from cnndsl.stack import deep_stack
from cnndsl.targets.flax.fragments import fragment
from cnndsl.targets.flax.validate import validate
from cnndsl.walks import layers
from tests.targets.parse import parse_module

HEADS = Path(__file__).parent.parent / "corners" / "shared_heads.cnn"

BODY = """
  conv(8, 1)
  a = here -> relu -> FIRST
  b = here -> SECOND
  add [ a, b ]
  global_avg_pool -> dense(2)
}
"""


def spec(first: str, second: str, declared: str) -> str:
    body = BODY.replace("FIRST", first).replace("SECOND", second)
    return f"model Net {{\n  input 8x8x3\n{declared}{body}"


SHARED = spec("unit", "unit", "  shared unit = conv(8, 3) -> bn")
APART = spec("conv(8, 3) -> bn", "conv(8, 3) -> bn", "")
TWO = spec("one", "two", "  shared one = conv(8, 3) -> bn\n  shared two = conv(8, 3) -> bn")


def checked(text: str):
    found = check_source(Source("spec.cnn", text))
    assert not found.diagnostics
    return found


@pytest.mark.parametrize("ours", [SHARED, APART, TWO])
@pytest.mark.parametrize("theirs", [SHARED, APART, TWO])
def test_a_module_with_other_weights_is_refused(ours: str, theirs: str):
    """What is shared by one and not by the other differs, though every op is the same."""
    with deep_stack():
        module = parse_module(compile_checked(checked(ours)).code)
        found = validate(module, list(checked(theirs).networks))
    are_one = (ours == SHARED) == (theirs == SHARED)
    assert (not found) == are_one, found


def test_parameters_count_once_and_macs_wherever_layers_run():
    shared, apart = (summarize(text).summaries[0] for text in (SHARED, APART))
    assert apart.params - shared.params == 3 * 3 * 8 * 8 + 8 + 2 * 8
    assert apart.macs == shared.macs


def test_a_norm_of_maps_is_none_of_signals():
    text = "model Net {\n  input 8x8x4\n  shared norm = grn\n  norm -> reshape([64, 4]) -> norm\n}"
    found = checked(text)
    code = compile_checked(found).code
    assert code is not None and "GlobalResponseNormNd(4)" in code
    for_any, for_maps = (fragment(f"global_response_norm{end}").text for end in ("_nd", ""))
    of_maps = code.replace(for_any, for_maps).replace("GlobalResponseNormNd", "GlobalResponseNorm")
    assert validate(parse_module(code), found.networks) == []
    assert validate(parse_module(of_maps), found.networks) != []


def test_the_layers_of_every_use_have_the_name_of_the_module():
    found = checked(SHARED)
    name_layers(found)
    (network,) = found.networks
    names = [layer.path for layer in layers(network.frame)]
    assert names.count("unit") == names.count("unit_norm") == 2, names


def test_a_head_of_three_scales_reads_as_written():
    code = compile_checked(check_source(Source("spec.cnn", HEADS.read_text("utf-8")))).code
    for letter, stage in zip("abc", ("c3", "c4", "c5"), strict=True):
        assert f'        {letter} = self.cls(out["{stage}"])' in code
    assert code.count("self.cls = ") == 1
