"""Networks are matched by what feeds what."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from cnndsl.weights.layer import Layer, Tensor, depthwise, spell
from cnndsl.weights.match import by_order, match
from cnndsl.weights.network import abstract, layers_of
from cnndsl.weights.trace import trace

pytestmark = pytest.mark.xla


def layer(name: str, *feeds: int | tuple[int, int], size: int = 4) -> Layer:
    edges = tuple(edge if isinstance(edge, tuple) else (edge, 0) for edge in feeds)
    return Layer(name, {"kernel": Tensor(f"{name}.kernel", (3, 3, size, size))}, edges)


def named(matching) -> dict[str, str]:
    assert matching.complete
    assert {pair.by for pair in matching.pairs} == {"graph"}
    return {pair.ours.name: pair.theirs.name for pair in matching.pairs}


def test_branches_of_different_depth():
    ours = [layer("a1", -1), layer("a2", 0), layer("b", -1), layer("end", 1, 2)]
    theirs = [layer("B", -1), layer("A1", -1), layer("A2", 1), layer("END", 0, 2)]
    assert named(match(ours, theirs)) == {"a1": "A1", "a2": "A2", "b": "B", "end": "END"}


def test_branches_that_differ_in_their_channels():
    ours = [layer("a", -1), layer("b", -1), layer("end", (0, 0), (1, 4))]
    theirs = [layer("B", -1), layer("A", -1), layer("END", (1, 0), (0, 4))]
    assert named(match(ours, theirs)) == {"a": "A", "b": "B", "end": "END"}


def test_symmetric_branches_stay_whole():
    ours = [layer("a1", -1), layer("a2", 0), layer("b1", -1), layer("b2", 2), layer("e", 1, 3)]
    theirs = [layer("A1", -1), layer("B1", -1), layer("B2", 1), layer("A2", 0), layer("E", 2, 3)]
    assert named(match(ours, theirs)) == {
        "a1": "A1",
        "a2": "A2",
        "b1": "B1",
        "b2": "B2",
        "e": "E",
    }


def test_symmetry_that_may_be_none_is_not_broken():
    ours = [layer("a", -1), layer("b", -1), layer("end", (0, 0), (1, 4))]
    theirs = [layer("A", -1), layer("B", -1), layer("END", 0, 1)]
    assert match(ours, theirs) is None


def test_what_is_left_over_is_told():
    ours, theirs = [layer("a", -1), layer("b", 0, size=8)], [layer("A", -1), layer("B", 0)]
    assert match(ours, theirs) is None
    matching = by_order(ours, theirs)
    assert [x.name for x in matching.ours] == ["b"]
    assert [x.name for x in matching.theirs] == ["B"]
    assert not matching.complete


def test_a_trace_follows_the_image():
    def network(weights, x):
        a, b, c = weights
        left, right = jax.jit(jnp.multiply)(x, a), x + b
        joined = jnp.concatenate([jax.nn.relu(left), right], axis=-1)
        return joined.reshape(1, -1) @ c

    sizes = [jax.ShapeDtypeStruct(s, jnp.float32) for s in ((3,), (3,), (24, 5))]
    image = jax.ShapeDtypeStruct((1, 2, 2, 3), jnp.float32)
    found = trace(network, sizes, [0, 1, 2], image)
    assert found.order == (0, 1, 2)
    assert found.feeds == {0: ((-1, 0),), 1: ((-1, 0),), 2: ((0, 0), (1, 3))}
    assert found.flattened == {2: (2, 2, 6)}


def test_layers_come_in_the_order_in_which_they_run(module):
    names = [each.name for each in layers_of(abstract(module.Net))]
    assert names[:3] == ["stem_conv", "stem_norm", "unit_conv1"]
    assert names[-1] == "head_dense"


@pytest.mark.parametrize(
    ("shape", "text"), [((3, 3, 1, 8), "3x3x1x8"), ((5,), "5"), ((), "scalar")]
)
def test_shapes_are_spelled(shape, text):
    assert spell(shape) == text


def test_depthwise_kernels():
    assert depthwise((3, 3, 8, 2)) == (3, 3, 1, 16)
