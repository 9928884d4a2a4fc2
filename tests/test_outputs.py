"""Networks with several results against the same ones written by hand."""

import jax
import numpy as np
import pytest
from flax import nnx

import cnndsl
from tests.modules import imported, initialized

pytestmark = pytest.mark.xla

PYRAMID = """
block down(width) { conv(width, 3, stride = 2) -> relu }
model Pyramid(width = 4, depth = 2) {
  input 16x16x3
  maps = []
  for i in 0 .. depth {
    stage c { down(width * 2 ** i) }
    maps = [ maps.., here ]
  }
  tops = [ maps[-1] -> conv(width, 1) ]
  for i in 1 .. depth {
    finer = add [ maps[-1 - i] -> conv(width, 1), tops[0] -> upsample(2) ]
    tops = [ finer, tops.. ]
  }
  for i in 0 .. depth { tops[i] -> conv(width, 3) output p }
  global_avg_pool -> dense(5) output scores
}
"""


class ByHand:
    """The same network, on the layers of a generated one."""

    def __init__(self, model):
        self.down = [block.conv for block in model.c]
        self.lateral = [model.tops, *model.finer]
        self.smooth = list(model.convs)
        self.dense = model.dense

    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        c1 = nnx.relu(self.down[0](x))
        c2 = nnx.relu(self.down[1](c1))
        top2 = self.lateral[0](c2)
        top1 = self.lateral[1](c1) + top2.repeat(2, 1).repeat(2, 2)
        p2 = self.smooth[1](top2)
        return {"p1": self.smooth[0](top1), "p2": p2, "scores": self.dense(p2.mean((1, 2)))}


def test_a_pyramid_gives_what_one_by_hand_gives():
    result = cnndsl.compile(PYRAMID)
    assert not result.diagnostics
    model = initialized(imported(result.code).Pyramid)
    x = jax.random.normal(jax.random.key(1), (2, 16, 16, 3))
    found, wanted, endpoints = nnx.jit(lambda m: (m(x), ByHand(m)(x), m.endpoints(x)))(model)
    assert found.keys() == wanted.keys()
    assert [found[name].shape[1:] for name in found] == [(8, 8, 4), (4, 4, 4), (5,)]
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(found[name], endpoints[name])
