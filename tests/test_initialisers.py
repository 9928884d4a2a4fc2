"""Tensors start as the spec says: the generated module is built, and its tensors are looked at."""

from __future__ import annotations

import numpy as np
import pytest
from flax import nnx

import cnndsl
from tests.modules import generate

pytestmark = pytest.mark.xla


def started(lines: str) -> dict[str, np.ndarray]:
    """The tensors of a network before training, by their paths."""
    generated = generate(f"model Net {{ input 8x8x16\n{lines}\n}}")
    (network,) = generated.networks
    model = generated.cls(network)(rngs=nnx.Rngs(0))
    state = nnx.to_flat_state(nnx.state(model, nnx.Param))
    return {".".join(map(str, path)): np.asarray(v.get_value()) for path, v in state}


@pytest.mark.parametrize(
    ("start", "value"),
    [("0", 0), ("1", 1), ("0.25", 0.25), ("constant(-2)", -2), ("zeros", 0), ("ones", 1)],
)
def test_constants(start: str, value: float):
    lines = f"conv(4, 3, init = {start}, bias_init = {start})"
    lines += f"\nbn(scale_init = {start}, shift_init = {start})"
    tensors = started(lines)
    assert len(tensors) == 4
    assert all((tensor == value).all() for tensor in tensors.values())


def test_dirac_hands_channels_on():
    generated = generate("model Net { input 8x8x16\nconv(16, 3, init = dirac) }")
    (network,) = generated.networks
    model = generated.cls(network)(rngs=nnx.Rngs(0))
    x = np.random.default_rng(0).standard_normal((2, 8, 8, 16), np.float32)
    assert np.allclose(model(x), x, atol=1e-6)


@pytest.mark.parametrize(
    ("start", "deviation", "most"),
    [
        ("normal(0.5)", 0.5, np.inf),
        ("normal", 0.01, np.inf),
        ("truncated_normal(0.1)", 0.1 * 0.8796, 0.2),
        ("uniform(0.3)", 0.3 / np.sqrt(12), 0.3),
        ('variance_scaling(2.0, "fan_out", "normal")', np.sqrt(2 / (9 * 64)), np.inf),
    ],
)
def test_random_numbers(start: str, deviation: float, most: float):
    (kernel,) = started(f"conv(64, 3, bias = false, init = {start})").values()
    assert kernel.std() == pytest.approx(deviation, rel=0.05)
    assert np.abs(kernel).max() <= most


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("init = normal(0)", "E205", "`std` is a positive number, not 0"),
        ("init = normal(1, 2)", "E106", "takes 1 argument, not 2"),
        ("init = constant()", "E105", "value"),
        ("init = normal(sd = 1)", "E106", "no argument `sd`"),
        ("init = hee_normal", "E102", "hee_normal"),
        ("bias_init = he_normal", "E102", "he_normal"),
        ('bias_init = "he_normal"', "E205", "an initializer of single values"),
        ("bias = false, bias_init = 1", "E304", "with `bias = false` nothing starts"),
        ('init = variance_scaling(2, "fan", "normal")', "E205", "fan_in fan_out fan_avg"),
    ],
)
def test_mistakes(text: str, code: str, said: str):
    found = cnndsl.check(f"model Net {{ input 8x8x3\n conv(4, 3, {text}) }}")
    assert code in {mistake.code for mistake in found}
    assert any(said in f"{mistake.message} {mistake.help}" for mistake in found), found
