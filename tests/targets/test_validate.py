"""The validator: every module that is right is proven, and nearly every other is refused."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from cnndsl.checked import Checked
from cnndsl.pipeline import check_source, compile_checked
from cnndsl.source import Source
from cnndsl.targets.flax import Flax
from cnndsl.targets.flax.compare import Difference
from cnndsl.targets.flax.validate import validate
from cnndsl.targets.flax.validate_arguments import validate_arguments
from cnndsl.targets.python.module_tree import Module
from tests.targets.mutations import Mutant, mutants
from tests.targets.parse import parse_module

ROOT = Path(__file__).parents[2]
GENERATED = ROOT / "generated"
SPECS = {path.stem: path for path in sorted((ROOT / "specs").glob("*.cnn"))}
CORNERS = {path.stem: path for path in sorted((ROOT / "tests" / "corners").glob("*.cnn"))}
GOLDENS = {
    path.parent.name: path for path in sorted((ROOT / "tests" / "golden").glob("*/spec.cnn"))
}


@cache
def checked(path: Path) -> Checked:
    found = check_source(Source(path.name, path.read_text(encoding="utf-8")))
    assert not found.diagnostics
    return found


@cache
def code_of(path: Path) -> str:
    """The module of a spec, in its readable form.

    Of a spec of the zoo it is the committed one, which is what the spec compiles to:
    tests/test_docs.py runs `cnndsl compile specs/*.cnn --check`.
    """
    if path in SPECS.values():
        return (GENERATED / f"{path.stem}.py").read_text(encoding="utf-8")
    code = compile_checked(checked(path), target=Flax(plainer=False)).code
    assert code is not None
    return code


@cache
def emitted(path: Path) -> Module:
    return parse_module(code_of(path))


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
    assert said(validate(module, networks)) == []


@pytest.mark.parametrize("name", SPECS | CORNERS | GOLDENS)
def test_the_module_follows_its_arguments(name):
    path = (SPECS | CORNERS | GOLDENS)[name]
    assert said(validate_arguments(emitted(path), checked(path))) == []


# --- what is wrong --------------------------------------------------------------------

MUTATED = (
    *("alexnet", "efficientnet_lite", "googlenet", "inception_v3", "lenet5", "mobilenet"),
    *("mobilenet_torch", "resnet", "vgg16", "vgg19"),
)
EACH = 30
REJECTED = 0.97

# Mutants that do what the module does, as far as values are tried, and why.
EQUIVALENT = {
    ("alexnet", "True -> False"): "`strict` of a `zip` over lists of one length",
    ("mobilenet_torch", "1280 -> 1281"): "rounded to a multiple of 8",
    (
        "mobilenet_torch",
        "round_to(c, divisor) -> round_to(divisor, c)",
    ): "all widths are multiples of 8",
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


CONV = "self.conv = nnx.Conv"
CALL = "    def __call__"
CAST = "        cast(self, dtype, param_dtype)\n"
PROMOTE = "from flax.nnx.nn.dtypes import promote_dtype"


@pytest.mark.parametrize(
    ("spec", "text", "other", "words"),
    [
        ("conv(4, 3)", "(3, 3)", "(5, 5)", "conv: kernel is (5, 5), expected (3, 3)"),
        ("conv(4, 3)", "(3, 3)", "(3, 3), 2", "conv: stride is (2, 2), expected (1, 1)"),
        ("conv(4, 3)", "(3, 3)", "(3, 3), use_bias=False", "conv: bias is False, expected True"),
        ("conv(4, 3) -> relu", "nnx.relu(", "nnx.relu6(", "expected relu() giving 8 x 8 x 4"),
        ("conv(4, 3)", "Conv(3, 4", "Conv(3.0, 4", "in_features is `3.0`, no integer"),
        ("conv(4, 3)", "Conv(3, 4", "Conv(4, 4", "a layer for 4 channels gets 3"),
        ("conv(4, 3)", "rngs=rngs)", "rngs=None)", "`nnx.Conv` does not get the model's `rngs`"),
        ("conv(4, 3)", CAST, "", "class Net does not give its layers their dtypes"),
        (
            "conv(4, 3)",
            CAST,
            CAST.replace("dtype,", "None,", 1),
            "`cast` takes a model, and the dtyp",
        ),
        (
            "conv(4, 3)",
            CONV,
            f"{CAST.strip()}\n        {CONV}",
            "class Net does not give its layers",
        ),
        ("conv(4, 3)", "self.conv(x)", "self.conv(self.conv(x))", "a layer for 3 channels gets 4"),
        (
            "conv(3, 3)",
            "self.conv(x)",
            "self.conv(self.conv(x))",
            "behind what is expected, at image -> conv",
        ),
        ("conv(4, 3)", "(3, 3)", "(3, 3), pad=1", "`nnx.Conv` has no argument `pad`"),
        ("conv(4, 3)", "NUM_PARAMS = 112", "NUM_PARAMS = 113", "NUM_PARAMS is `113`"),
        ("conv(4, 3)", "NUM_PARAMS = 112", "NUMBER = 112", "the module has no NUM_PARAMS"),
        ("conv(4, 3)", '"logits"', '"logit"', "missing are ['logits'], too many are ['logit']"),
        ("conv(4, 3) -> bn", ", promote_dtype=keep_float32", "", "float32 is False"),
        ("conv(4, 3) -> bn(eps = 1e-3)", "1e-3", "1e-4", "epsilon is 0.0001, expected 0.001"),
        (
            "concat [ relu, tanh ]",
            "relu(x), nnx.tanh(x)",
            "tanh(x), nnx.relu(x)",
            "concat of tanh, relu, expected of relu, tanh",
        ),
        (
            "relu -> tanh",
            "nnx.relu(",
            "nnx.tanh(",
            "expected relu() giving 8 x 8 x 3, found tanh()",
        ),
        ("dropout(0.5) -> conv(4, 3)", "0.5", "0.25", "dropout: rate is 0.25, expected 0.5"),
        ("avg_pool(2)", "(2, 2), (2, 2)", "(2, 2), (1, 1)", "avg_pool: stride is (1, 1)"),
        ("avg_pool(3, 1, same)", "avg_pool(x, (3, 3))", "avg_pool(x, (5, 5))", "window is (5, 5)"),
        ("crop([1, 2])", "[:, 1:-1", "[:, 1:-2", "slice: start, length, step is"),
        ("gelu", ", approximate=False", "", "gelu: approximate is True, expected False"),
        ("conv(4, 3)", CONV, f"self.conv = None\n        {CONV}", "flax makes no module of"),
        (
            "conv(4, 3)",
            CALL,
            f"        self.all = [self.conv]\n\n{CALL}",
            "a plain list with modules",
        ),
        ("conv(4, 3)", "out = {}", "self.out = out = {}", "a call sets `self.out`"),
        ("conv(4, 3)", '"logits"] = self.conv(x)', '"logits"] = x', "expected conv(filters=4"),
        ("prelu", f"{PROMOTE}\n", "", "PReLU needs `promote_dtype`"),
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


def twins(order: str, normed: str) -> list[str]:
    """What differs where the layers run in another order, and another one is normed."""
    _, found = compiled(TWINS)
    code = compile_checked(found).code
    assert code is not None
    lines = {name: f"        {name} = self.{name}(x)  # (N, 8, 8, 4)\n" for name in "ab"}
    run = lines["a"] + lines["b"]
    assert run in code and "self.norm(a)" in code
    code = code.replace(run, "".join(lines[name] for name in order))
    return said(validate(parse_module(code.replace("norm(a)", f"norm({normed})")), found.networks))


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_layers_that_are_alike_run_in_any_order(order):
    assert twins(order, normed="a") == []


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_a_layer_does_not_stand_in_for_its_twin(order):
    (words,) = twins(order, normed="b")
    assert "used for one another" in words


# --- size -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "model Net { input 8x8x3\n { conv(3, 1) -> relu } * 3000 }",
        "model Net { input 8x8x3\n" + "relu -> sigmoid\n" * 800 + "}",
        "model Net { input 8x8x3\n" + "add [" * 300 + "relu" + ", here]" * 300 + "}",
        "\n".join(f"block b{i} {{ conv(3, 1)\n b{i + 1} }}" for i in range(200))
        + "\nblock b200 { relu }\nmodel Net { input 8x8x3\n b0 }",
    ],
    ids=["repeated", "chain", "merges", "blocks"],
)
def test_large_networks_are_proven(text):
    module, found = compiled(text)
    assert said(validate(module, found.networks)) == []
