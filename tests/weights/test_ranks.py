"""Weights of PyTorch's one- and three-dimensional convolutions."""

from __future__ import annotations

import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import save_file

from cnndsl.weights import load
from tests.modules import generate

pytestmark = pytest.mark.xla

SPEC = """
model Net(classes = 3) {{
  input {size}
  conv(4, {kernel}) -> relu -> conv(5, 1) -> flatten -> dense(classes)
}}
"""


@pytest.mark.parametrize(
    ("size", "kernel", "extents"), [("6x2", "3", (3,)), ("4x3x5x2", "3x1x2", (3, 1, 2))]
)
def test_kernels_and_rows_of_what_is_flattened(size, kernel, extents, tmp_path):
    drawn = np.random.default_rng(0)
    positions = tuple(map(int, size.split("x")))[:-1]
    rows = 5 * int(np.prod(positions))
    shapes = {
        "conv1.weight": (4, 2, *extents),
        "conv1.bias": (4,),
        "conv2.weight": (5, 4, *([1] * len(extents))),
        "conv2.bias": (5,),
        "fc.weight": (3, rows),
        "fc.bias": (3,),
    }
    theirs = {n: drawn.standard_normal(shape, np.float32) for n, shape in shapes.items()}
    save_file(theirs, tmp_path / "net.safetensors")
    model = generate(SPEC.format(size=size, kernel=kernel)).module.Net(rngs=nnx.Rngs(0))
    load(model, tmp_path / "net.safetensors")
    first = np.moveaxis(theirs["conv1.weight"], (0, 1), (-1, -2))
    np.testing.assert_array_equal(model.conv1.kernel[...], first)
    # PyTorch flattens channels first: a row for each position of the first channel, and so on.
    dense = theirs["fc.weight"].reshape(3, 5, *positions)
    dense = np.moveaxis(dense, (0, 1), (-1, -2)).reshape(rows, 3)
    np.testing.assert_array_equal(model.dense.kernel[...], dense)
