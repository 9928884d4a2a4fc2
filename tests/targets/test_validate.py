"""The validator: every module that is right is proven, and nearly every other is refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from cnndsl.pipeline import Checked, check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.validate import validate
from cnndsl.targets.flax.validate_arguments import validate_arguments
from cnndsl.targets.python.parse import parse_module
from cnndsl.targets.python.tree import Module
from tests.targets.mutations import Mutant, mutants

ROOT = Path(__file__).parents[2]
SPECS = {path.stem: path for path in sorted((ROOT / "specs").glob("*.cnn"))}
CORNERS = {path.stem: path for path in sorted((ROOT / "tests" / "corners").glob("*.cnn"))}
GOLDENS = {
    path.parent.name: path for path in sorted((ROOT / "tests" / "golden").glob("*/spec.cnn"))
}

# Where the generator starts a kernel otherwise than the language says: of a class of which only
# some uses feed a ReLU.
KERNELS_START_OTHERWISE = {
    *("inception_v4", "xception"),
    *("conditions", "growing_repetition", "merges", "nested_counters", "python_names"),
    *("repetitions", "tables", "computed_argument"),
}

# Where it does not follow an argument.
ARGUMENTS_NOT_FOLLOWED = {"if_around_stages"}


@cache
def checked(path: Path) -> Checked:
    found = check_source(Source(path.name, path.read_text(encoding="utf-8")))
    assert not found.diagnostics
    return found


@cache
def emitted(path: Path) -> Module:
    code = compile_checked(checked(path)).code
    assert code is not None
    return parse_module(code)


def compiled(text: str) -> tuple[Module, Checked]:
    found = check_source(Source("spec.cnn", text))
    assert not found.diagnostics, [d.message for d in found.diagnostics]
    code = compile_checked(found).code
    assert code is not None
    return parse_module(code), found


def said(differences: list[Difference]) -> list[str]:
    return list(map(str, differences))


# --- what is right --------------------------------------------------------------------


@pytest.mark.parametrize("name", SPECS | CORNERS | GOLDENS)
def test_the_module_is_its_networks(name):
    path = (SPECS | CORNERS | GOLDENS)[name]
    module, networks = emitted(path), checked(path).networks
    assert said(validate(module, networks, initialisers=False)) == []
    starts = said(validate(module, networks))
    if name in KERNELS_START_OTHERWISE:
        assert starts and all("initialiser" in words for words in starts)
    else:
        assert starts == []


@pytest.mark.parametrize("name", SPECS | CORNERS | GOLDENS)
def test_the_module_follows_its_arguments(name):
    path = (SPECS | CORNERS | GOLDENS)[name]
    found = said(validate_arguments(emitted(path), checked(path), initialisers=False))
    assert bool(found) == (name in ARGUMENTS_NOT_FOLLOWED), found


# --- what is wrong --------------------------------------------------------------------

MUTATED = (
    *("alexnet", "efficientnet_lite", "googlenet", "inception_v3", "lenet5", "mobilenet"),
    *("mobilenet_torch", "resnet", "vgg16", "vgg19"),
)
EACH = 40
REJECTED = 0.97

# Mutants that do what the module does, and why.
EQUIVALENT = {
    ("mobilenet", "max(1.0, width) -> max(width, 1.0)"): "no order",
    ("mobilenet_torch", "max(1.0, width) -> max(width, 1.0)"): "no order",
}


def proven(module: Module, spec: Checked) -> bool:
    return not validate(module, spec.networks) and not validate_arguments(module, spec)


@pytest.fixture(scope="module")
def survivors() -> dict[str, list[Mutant]]:
    return {
        name: [
            mutant
            for mutant in mutants(emitted(SPECS[name]), EACH, seed=7)
            if proven(mutant.module, checked(SPECS[name]))
        ]
        for name in MUTATED
    }


def test_mutants_are_rejected(survivors):
    left = [
        f"{name}: {mutant.kind}: {mutant.words}"
        for name, held in survivors.items()
        for mutant in held
        if (name, mutant.words) not in EQUIVALENT
    ]
    assert len(left) <= (1 - REJECTED) * EACH * len(MUTATED), "\n".join(left)


@pytest.mark.parametrize(
    ("spec", "text", "other", "words"),
    [
        ("conv(4, 3)", "(3, 3)", "(5, 5)", "conv: kernel is (5, 5), expected (3, 3)"),
        ("conv(4, 3)", "(3, 3)", "(3, 3), 2", "conv: stride is (2, 2), expected (1, 1)"),
        ("conv(4, 3)", "(3, 3)", "(3, 3), use_bias=False", "conv: bias is False, expected True"),
        ("conv(4, 3) -> relu", "nnx.relu(", "nnx.relu6(", "expected relu() giving 8 x 8 x 4"),
        ("conv(4, 3)", "Conv(3, 4", "Conv(3.0, 4", "in_features is `3.0`, no integer"),
        ("conv(4, 3)", "Conv(3, 4", "Conv(4, 4", "a layer for 4 channels gets 3"),
        ("conv(4, 3)", "**dtypes)", ")", "`nnx.Conv` does not get the model's `dtype`"),
        ("conv(4, 3)", "self.conv(x)", "self.conv(self.conv(x))", "a layer for 3 channels gets 4"),
        (
            "conv(3, 3)",
            "self.conv(x)",
            "self.conv(self.conv(x))",
            "expected the image, found conv(",
        ),
        ("conv(4, 3)", "(3, 3)", "(3, 3), pad=1", "`nnx.Conv` has no argument `pad`"),
        ("conv(4, 3)", "NUM_PARAMS = 112", "NUM_PARAMS = 113", "NUM_PARAMS is `113`"),
        ("conv(4, 3)", "NUM_PARAMS = 112", "NUMBER = 112", "the module has no NUM_PARAMS"),
        ("conv(4, 3)", '"logits"', '"logit"', "missing are ['logits'], too many are ['logit']"),
        ("conv(4, 3) -> bn", ", promote_dtype=keep_float32", "", "float32 is False"),
        ("conv(4, 3) -> bn(eps = 1e-3)", "1e-3", "1e-4", "epsilon is 0.0001, expected 0.001"),
        ("dropout(0.5) -> conv(4, 3)", "0.5", "0.25", "dropout: rate is 0.25, expected 0.5"),
        ("avg_pool(2)", "(2, 2), (2, 2)", "(2, 2), (1, 1)", "avg_pool: stride is (1, 1)"),
        ("avg_pool(3, 1, same)", "avg_pool(x, (3, 3))", "avg_pool(x, (5, 5))", "window is (5, 5)"),
        ("crop([1, 2])", "[:, 1:-1", "[:, 1:-2", "slice: start, length, step is"),
        ("gelu", ", approximate=False", "", "gelu: approximate is True, expected False"),
        ("prelu", "import jax.numpy as jnp\n", "", "PReLU needs `jnp`"),
        ("relu", "import jax\n", "", "`jax` has no value here"),
    ],
)
def test_a_difference_says_what_and_where(spec, text, other, words):
    module, found = compiled(f"model Net {{\n  input 8x8x3\n  {spec}\n}}")
    assert said(validate(module, found.networks)) == []
    code = compile_checked(found).code
    assert code is not None and text in code
    changed = parse_module(code.replace(text, other))
    (difference, *_) = said(validate(changed, found.networks))
    assert words in difference


# --- layers that are alike ------------------------------------------------------------

TWINS = """
model Net {
  input 8x8x3
  a = conv(4, 3)
  b = conv(4, 3)
  concat [ a -> tanh, b -> sigmoid, a -> bn ]
}
"""

TWINS_MODULE = """
import jax
import jax.numpy as jnp
from flax import nnx
from jax.typing import DTypeLike

INPUT_SHAPE = (8, 8, 3)
NUM_PARAMS = 232


def keep_float32(arrays: tuple, dtype: DTypeLike | None = None) -> tuple:
    \"""Lets batch norm compute in float32, so that only its result has `dtype`.\"""
    return arrays


class Net(nnx.Module):
    def __init__(self, *, rngs, **dtypes):
        self.a = nnx.Conv(3, 4, (3, 3), rngs=rngs, **dtypes)
        self.b = nnx.Conv(3, 4, (3, 3), rngs=rngs, **dtypes)
        self.norm = nnx.BatchNorm(
            4, momentum=0.9, promote_dtype=keep_float32, rngs=rngs, **dtypes
        )

    def __call__(self, x):
        return self.endpoints(x)["logits"]

    def endpoints(self, x):
        {first} = self.{first}(x)
        {second} = self.{second}(x)
        x = jnp.concatenate([nnx.tanh(a), nnx.sigmoid(b), self.norm({normed})], axis=-1)
        return {{"logits": x}}
"""


def twins(first: str, second: str, normed: str) -> list[str]:
    text = TWINS_MODULE.format(first=first, second=second, normed=normed)
    return said(validate(parse_module(text), check_source(Source("spec.cnn", TWINS)).networks))


@pytest.mark.parametrize(("first", "second"), ["ab", "ba"])
def test_layers_that_are_alike_run_in_any_order(first, second):
    assert twins(first, second, normed="a") == []


@pytest.mark.parametrize(("first", "second"), ["ab", "ba"])
def test_a_layer_does_not_stand_in_for_its_twin(first, second):
    (words,) = twins(first, second, normed="b")
    assert "used for one another" in words


# --- size -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "model Net { input 8x8x3\n { conv(3, 1) -> relu } * 5000 }",
        "model Net { input 8x8x3\n" + "relu -> sigmoid\n" * 1500 + "}",
        "model Net { input 8x8x3\n" + "add [" * 300 + "relu" + ", here]" * 300 + "}",
        "\n".join(f"block b{i} {{ conv(3, 1)\n b{i + 1} }}" for i in range(300))
        + "\nblock b300 { relu }\nmodel Net { input 8x8x3\n b0 }",
    ],
    ids=["repeated", "chain", "merges", "blocks"],
)
def test_large_networks_are_proven(text):
    module, found = compiled(text)
    assert said(validate(module, found.networks)) == []
