"""Random streams that are counted in Python give what nnx's own give."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest
from flax import nnx

from cnndsl.streams import rngs
from tests.modules import QUICK, generate

pytestmark = pytest.mark.xla

SPEC = """\
block unit(width) { add [ conv(width, 3) -> bn -> dropout(0.25), conv(width, 1) ] -> relu }
model Net(classes = 3) {
  input 4x4x2
  unit(4) -> drop_path(0.5)
  global_avg_pool -> dropout(0.5) -> dense(classes)
}
"""
IMAGE = np.linspace(-1, 1, 2 * 4 * 4 * 2, dtype=np.float32).reshape(2, 4, 4, 2)


def test_a_network_has_the_same_numbers_and_draws_on():
    make = generate(SPEC).module.Net

    def made(streams: Callable[[int], nnx.Rngs]) -> list[jax.Array]:
        model = make(rngs=streams(3))
        results = [model(IMAGE), model(IMAGE)]
        state = [variable.get_value() for _, variable in nnx.to_flat_state(nnx.state(model))]
        is_key = [jax.dtypes.issubdtype(value.dtype, jax.dtypes.prng_key) for value in state]
        keys = [jax.random.key_data(v) if key else v for v, key in zip(state, is_key, strict=True)]
        return [*results, *keys]

    ours, theirs = (
        jax.jit(made, static_argnums=0, compiler_options=QUICK)(streams)
        for streams in (rngs, nnx.Rngs)
    )
    assert len(ours) == len(theirs) > 10
    assert all(map(np.array_equal, ours, theirs))
    assert not np.array_equal(ours[0], ours[1])  # dropout draws anew each time


def test_streams_that_are_split_are_nnx_s_own():
    ours, theirs = rngs(0).default, nnx.Rngs(0).default
    changes = (lambda s: s(), lambda s: s.split(3).key[...], lambda s: s.fork()(), lambda s: s())
    for change in changes:
        a, b = (jax.random.key_data(change(stream)) for stream in (ours, theirs))
        assert np.array_equal(a, b)
