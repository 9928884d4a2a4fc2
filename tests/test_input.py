"""An image of another size than the spec's: `--input` and `set={"input": …}`."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import cnndsl
from cnndsl.cli import main

SPECS = Path(__file__).parent.parent / "specs"

SPEC = """# A small network.
model Small(size = 32, classes = 10) {
  input [size, size, 3]
  stage one { conv(8, 3) -> relu -> max_pool(2) } : [size // 2, size // 2, 8]
  stage head { flatten -> dense(classes) }
  expect output 10
  expect params 20_714
  preprocess { mean [0.5, 0.5, 0.5] }
}
"""


def body(code: str) -> str:
    """A module without its docstring."""
    return code.split('"""', 2)[2]


def test_it_takes_the_place_of_the_models_own():
    own = SPEC.replace("[size, size, 3]", "28x20x1").replace(" : [size // 2, size // 2, 8]", "")
    own = "\n".join(x for x in own.splitlines() if "expect" not in x and "preprocess" not in x)
    asked = cnndsl.compile(SPEC, set={"input": [28, 20, 1]})
    written = cnndsl.compile(own)
    assert asked.code is not None and written.code is not None
    assert body(asked.code) == body(written.code)


@pytest.mark.parametrize("size", [[64, 64, 3], [7, 9, 1]])
def test_what_the_spec_asserts_of_its_own_image_it_does_not_of_another(size):
    (summary,) = cnndsl.summarize(SPEC, set={"input": size}).summaries
    assert summary.input == tuple(size)
    assert (summary.preprocess is None) == (size[-1] == 1)
    half = (size[0] // 2) * (size[1] // 2) * 8
    assert summary.params == 9 * size[-1] * 8 + 8 + half * 10 + 10


POOLS = """model Pools {
  input 32x32x3
  conv(4, 3) -> max_pool(3, stride = 2, ceil = true) -> avg_pool(3, stride = 2, ceil = true)
  max_pool(3, stride = 2, pad = 1, ceil = true) -> max_pool(2, ceil = true)
  global_avg_pool -> dense(10)
}
"""


@pytest.mark.parametrize("size", [[33, 33, 3], [30, 47, 3], [35, 32, 3]])
def test_pools_that_round_up_are_the_same_for_every_size(size):
    own, other = cnndsl.compile(POOLS), cnndsl.compile(POOLS, set={"input": size})
    assert own.code is not None and other.code is not None
    assert pools(own.code) == pools(other.code)


def pools(code: str) -> list[str]:
    return [line.split("  #")[0] for line in code.splitlines() if "pool(" in line]


def test_a_network_that_cannot_take_it_says_where():
    found = cnndsl.compile(SPEC, set={"input": [1, 1, 3]}).diagnostics
    assert [d.code for d in found] == ["E304"]


@pytest.mark.parametrize("size", ["28", "0x4", "0x4x4", '"a"', "2x4x4x4x4", "true"])
def test_another_value_is_refused(size, capsys):
    code = main(["summary", str(SPECS / "resnet_cifar.cnn"), "--input", size])
    shown = capsys.readouterr().err
    if size == "28":  # a vector of 28 features: a size, but none for this network
        assert (code, "error[E304]" in shown) == (1, True)
    else:
        assert code == 2 and "`input` is the size of the image, such as 28x28x1" in shown


def test_resnet_20_for_digits_has_two_hundred_and_eighty_eight_parameters_less(capsys):
    assert main(["summary", "ResNet20", "--input", "28x28x1"]) == 0
    assert f"{269_722 - 288:,} parameters" in capsys.readouterr().out


def test_the_header_says_how_to_make_it_again(capsys):
    call = ["compile", "ResNet20", "--input", "28x28x1", "-o", "-"]
    assert main(call) == 0
    code = capsys.readouterr().out
    (command,) = [line for line in code.splitlines() if line.startswith("`cnndsl compile")]
    assert shlex.split(command.split("`")[1])[1:] == call


@pytest.mark.xla
def test_a_model_of_the_zoo_for_another_image():
    import jax.numpy as jnp
    from flax import nnx

    from cnndsl import zoo

    model = zoo.create("LeNet5MNIST", input=(32, 24, 3), classes=5, rngs=nnx.Rngs(0))
    assert model(jnp.zeros((2, 32, 24, 3))).shape == (2, 5)
    with pytest.raises(cnndsl.CompileError, match="E304"):
        zoo.create("LeNet5MNIST", input=(3, 3, 1), rngs=nnx.Rngs(0))
