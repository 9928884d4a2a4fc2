"""What the emitted code computes, against formulas that are written out here in numpy."""

from __future__ import annotations

import math
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cnndsl.targets.flax.fragments import IMPORTS, ORDER, fragment
from tests.emitted import make
from tests.executed import build, module, ramp, run

pytestmark = pytest.mark.xla


def close(actual: jax.Array, expected: np.ndarray) -> None:
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ORDER)
def test_a_fragment_runs_with_the_imports_it_declares(name):
    found = fragment(name)
    scope: dict[str, object] = {}
    exec("\n".join(IMPORTS[bound] for bound in found.imports) + "\n" + found.text, scope)
    assert found.defines in scope
    assert not found.text.startswith(("import", "from"))
    assert all(bound in found.text for bound in found.imports)


def test_an_unknown_fragment_is_a_bug():
    with pytest.raises(KeyError):
        fragment("../../emission")


def test_conv_transpose_is_the_gradient_of_a_convolution():
    """With the kernel turned around: flax stores it as a convolution would apply it."""
    for kernel, stride, pad in product((1, 3, 4), (1, 2, 3), ("same", "valid", 1)):
        op = make("conv_transpose", filters=2, kernel=kernel, stride=stride, pad=pad)
        net = build("conv_transpose", (4, 5, 3), filters=2, kernel=kernel, stride=stride, pad=pad)
        x = ramp(1, 4, 5, 3)
        full = stamped(x, net.conv.kernel[...][::-1, ::-1], stride)
        height, width, _ = op.output((4, 5, 3))
        cut = {"same": max(kernel - stride, 0) // 2, "valid": 0, 1: 1}[pad]
        close(net(x), full[:, cut : cut + height, cut : cut + width])


def stamped(x: jax.Array, kernel: jax.Array, stride: int) -> np.ndarray:
    """The sum of one kernel per pixel, `stride` apart, on a large enough map."""
    n, height, width, _ = x.shape
    rows, columns, _, filters = kernel.shape
    reach = max(rows, stride)
    y = np.zeros((n, (height - 1) * stride + reach, (width - 1) * stride + reach, filters))
    for i, j in product(range(height), range(width)):
        stamp = np.einsum("nc,abcf->nabf", x[:, i, j], kernel)
        top, left = i * stride, j * stride
        y[:, top : top + rows, left : left + columns] += stamp
    return y


def test_sparse_conv_equals_a_dense_one_with_zeros():
    connect = [[0, 2], [3], [0, 1, 2, 3]]
    arguments = {"filters": 3, "kernel": (3, 2), "stride": 2, "pad": [1, 0, 2, 1]}
    net = build("conv", (7, 8, 4), connect=connect, **arguments)
    dense = build("conv", (7, 8, 4), **arguments)
    kernel = np.zeros((3, 2, 4, 3), np.float32)
    pairs = [(channel, i) for i, seen in enumerate(connect) for channel in seen]
    for position, (channel, i) in enumerate(pairs):
        kernel[:, :, channel, i] = net.conv.kernel[:, :, position]
    net.conv.bias[...] = dense.conv.bias[...] = jnp.array([1.0, 2.0, 3.0])
    dense.conv.kernel[...] = jnp.array(kernel)
    x = ramp(2, 7, 8, 4)
    close(net(x), np.asarray(dense(x)))


def test_sparse_conv_scales_each_filter_by_what_it_sees():
    connect = [[0], list(range(16))]
    kernel = build("conv", (32, 32, 16), filters=2, kernel=31, connect=connect).conv.kernel[...]
    assert kernel[:, :, :1].std() == pytest.approx(1 / 31, rel=0.1)
    assert kernel[:, :, 1:].std() == pytest.approx(1 / 31 / 4, rel=0.1)


def test_a_kernel_before_a_relu_starts_he_normal():
    for name, shape, arguments in (
        ("conv", (8, 8, 16), {"filters": 64, "kernel": 3}),
        ("dense", (400,), {"units": 100}),
    ):
        fan_in = {"conv": 144, "dense": 400}[name]
        for rectified, gain in ((True, 2), (False, 1)):
            net = module(make(name, **arguments), shape, rectified=rectified)(rngs=nnx.Rngs(0))
            kernel = (net.conv if name == "conv" else net.dense).kernel[...]
            assert kernel.std() == pytest.approx(math.sqrt(gain / fan_in), rel=0.05)


@pytest.mark.parametrize(
    ("window", "stride", "pad"),
    [(3, 1, "same"), (3, 2, "same"), (2, 2, "same"), ((3, 2), (1, 2), [1, 0, 1, 1])],
)
def test_pools_leave_the_padding_out(window, stride, pad):
    x = ramp(2, 5, 7, 3) - 5  # a zero in the padding would be the largest value
    arguments = {"window": window, "stride": stride, "pad": pad}
    op = make("avg_pool", **arguments)
    seen = [windowed(x, op, op.output(x.shape[1:]), reduce) for reduce in (np.mean, np.max)]
    close(run("avg_pool", x, **arguments), seen[0])
    close(run("max_pool", x, **arguments), seen[1])


def windowed(x, op, shape, reduce) -> np.ndarray:
    """A pool, window by window; each one is cut off at the border of the map."""
    (kh, kw), (sh, sw) = op.window, op.stride
    if op.pad == "same":
        top = max((shape[0] - 1) * sh + kh - x.shape[1], 0) // 2
        left = max((shape[1] - 1) * sw + kw - x.shape[2], 0) // 2
    else:
        top, _, left, _ = op.pad
    y = np.zeros((x.shape[0], *shape), np.float32)
    for i, j in product(range(shape[0]), range(shape[1])):
        row, column = i * sh - top, j * sw - left
        part = x[:, max(row, 0) : row + kh, max(column, 0) : column + kw]
        y[:, i, j] = reduce(np.asarray(part), axis=(1, 2))
    return y


def test_a_counted_padding_is_zeros():
    x = ramp(1, 4, 4, 2)
    padded = jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    counted = run("avg_pool", x, window=3, stride=2, pad=1, count_pad=True)
    close(counted, np.asarray(run("avg_pool", padded, window=3, stride=2)))


def test_subsample_starts_as_an_average_and_learns_a_sum():
    x = ramp(2, 4, 6, 3)
    net = build("subsample", (4, 6, 3), window=2)
    sums = np.asarray(x).reshape(2, 2, 2, 3, 2, 3).sum(axis=(2, 4))
    close(net(x), sums / 4)
    net.subsample.coefficient[...] = jnp.array([1.0, 2.0, 3.0])
    net.subsample.bias[...] = jnp.array([4.0, 5.0, 6.0])
    close(net(x), sums * [1, 2, 3] + [4, 5, 6])


def test_rbf_is_minus_the_squared_distance():
    codes = [[1, -1, 1], [0.5, 2, 0]]
    x = ramp(4, 3)
    expected = -((np.asarray(x)[:, None] - np.array(codes)) ** 2).sum(-1)
    close(run("rbf", x, classes=2, codes=codes), expected)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 9])
def test_lrn(size):
    """torch's window: an even one reaches one channel further down than up."""
    x = ramp(2, 2, 3, 6)
    squares = np.asarray(x) ** 2
    reach = [(max(c - size // 2, 0), c + (size - 1) // 2 + 1) for c in range(6)]
    sums = np.stack([squares[..., low:high].sum(-1) for low, high in reach], axis=-1)
    expected = np.asarray(x) / (2 + 0.5 / size * sums) ** 0.75
    close(run("lrn", x, size=size, alpha=0.5, k=2.0), expected)


def test_lrn_has_a_gradient():
    net = build("lrn", (2, 2, 6))
    gradient = jax.grad(lambda x: net(x).sum())(ramp(1, 2, 2, 6))
    assert np.isfinite(gradient).all() and np.any(gradient != 0)


def test_shuffle_interleaves_groups():
    x = jnp.arange(6.0)[None]
    assert run("shuffle", x, groups=2).tolist() == [[0, 3, 1, 4, 2, 5]]
    maps = ramp(2, 3, 3, 6)
    close(run("shuffle", maps, groups=3), np.asarray(maps)[..., [0, 2, 4, 1, 3, 5]])


def test_upsample():
    x = ramp(2, 3, 4, 2)
    nearest = np.asarray(x).repeat(2, axis=1).repeat(3, axis=2)
    close(run("upsample", x, factor=(2, 3)), nearest)
    row = jnp.array([0.0, 4.0, 8.0]).reshape(1, 1, 3, 1)
    expected = [0, 1, 3, 5, 7, 8]  # pixels have centres: the outer quarters repeat the edge
    assert run("upsample", row, factor=(1, 2), method="bilinear").ravel().tolist() == expected


@pytest.mark.parametrize("shape", [(4, 4, 2), (3,)])
@pytest.mark.parametrize("any_rank", [False, True])
def test_drop_path_drops_samples_and_keeps_the_mean(shape, any_rank):
    x = jnp.ones((4000, *shape))
    if any_rank:
        scope = {"jax": jax, "jnp": jnp, "nnx": nnx}
        exec(fragment("drop_path_nd").text, scope)
        net = scope["DropPathNd"](0.2, rngs=nnx.Rngs(0))
    else:
        net = build("drop_path", shape, rate=0.2)
    net.train()
    samples = np.asarray(net(x)).reshape(4000, -1)
    assert (samples == samples[:, :1]).all()
    assert set(samples[:, 0].tolist()) == {0.0, 1.25}
    assert samples.mean() == pytest.approx(1, abs=0.03)
    net.eval()
    assert (net(x) == x).all()


def test_dropout_is_the_identity_in_evaluation():
    net = build("dropout", (100,), rate=0.5)
    x = jnp.ones((2, 100))
    assert (net(x) == 0).any()
    net.eval()
    assert (net(x) == x).all()


def test_prelu_and_layer_scale_learn_a_number_per_channel():
    x = jnp.array([[-2.0, -2.0, 2.0]])
    net = build("prelu", (3,))
    assert net(x).tolist() == [[-0.5, -0.5, 2.0]]
    net.prelu.slope[...] = jnp.array([1.0, 0.0, 9.0])
    assert net(x).tolist() == [[-2.0, 0.0, 2.0]]
    assert build("layer_scale", (3,), init=0.5)(x).tolist() == [[-1.0, -1.0, 1.0]]


def test_activations_are_those_of_the_papers():
    x = np.array([[-4.0, -1.0, -0.5, 0.0, 0.5, 1.0, 4.0]], np.float32)
    hard = np.clip(x + 3, 0, 6) / 6
    sigmoid = 1 / (1 + np.exp(-x))
    normal = np.vectorize(math.erf)(x / math.sqrt(2)) / 2 + 0.5
    expected = {
        "relu": np.maximum(x, 0),
        "relu6": np.clip(x, 0, 6),
        "elu": np.where(x > 0, x, np.expm1(x)),
        "selu": 1.0507010 * np.where(x > 0, x, 1.6732632 * np.expm1(x)),
        "gelu": x * normal,
        "swish": x * sigmoid,
        "sigmoid": sigmoid,
        "hard_sigmoid": hard,
        "hard_swish": x * hard,
        "tanh": np.tanh(x),
        "scaled_tanh": 1.7159 * np.tanh(2 * x / 3),
        "softplus": np.log1p(np.exp(x)),
        "softmax": np.exp(x) / np.exp(x).sum(-1, keepdims=True),
        "leaky_relu": np.where(x > 0, x, 0.01 * x),
    }
    for name, y in expected.items():
        close(run(name, jnp.array(x)), y.astype(np.float32))
    close(run("leaky_relu", jnp.array(x), slope=0.2), np.where(x > 0, x, 0.2 * x))


def test_margins_and_slices():
    x = ramp(2, 5, 6, 4)
    array = np.asarray(x)
    close(run("pad", x, amount=[0, 1, 2, 3]), np.pad(array, ((0, 0), (0, 1), (2, 3), (0, 0))))
    close(run("crop", x, amount=[0, 1, 2, 0]), array[:, :4, 2:])
    close(run("crop", x, amount=[1, 1]), array[:, 1:4, 1:5])
    close(run("channels", x, start=1, stop=3), array[..., 1:3])
    close(run("pad_channels", x, total=6), np.pad(array, ((0, 0),) * 3 + ((0, 2),)))
    close(run("max_pool", x, window=1, stride=(2, 1)), array[:, ::2])
    close(run("flatten", x), array.reshape(2, 120))
    close(run("reshape", x, shape=[6, 5, 4]), array.reshape(2, 6, 5, 4))


def test_global_pools():
    x = ramp(2, 3, 4, 5)
    array = np.asarray(x)
    close(run("global_avg_pool", x), array.mean((1, 2)))
    close(run("global_max_pool", x, keep=True), array.max((1, 2), keepdims=True))


def test_images_of_bytes_become_floats():
    x = jnp.array([[[[0, 128, 255]]]], jnp.uint8)
    centred = run("normalize", x, mean=[0.5, 128.5, 0.0], std=[1, 2, 255])
    close(centred, np.array([[[[-0.5, -0.25, 1.0]]]]))
    close(run("rescale", x, scale=1 / 255, offset=-1.0), np.asarray(x) / 255 - 1)
    close(run("normalize", x, mean=0.5, std=2), (np.asarray(x) - 0.5) / 2)


def test_batch_norm_stays_float32_inside():
    """Rounded to bfloat16, the running mean 100.3 would be 100.5."""
    net = module(make("bn"), (4,))(dtype=jnp.bfloat16, rngs=nnx.Rngs(0))
    net.norm.mean[...] = jnp.full(4, 100.3, jnp.float32)
    net.eval()
    y = net(jnp.full((1, 4), 100.5, jnp.bfloat16))
    assert y.dtype == jnp.bfloat16
    np.testing.assert_allclose(y.astype(jnp.float32), 0.2, rtol=0.01)
    net.train()
    net(jnp.ones((8, 4), jnp.bfloat16))
    assert net.norm.mean[...].dtype == net.norm.var[...].dtype == jnp.float32
    np.testing.assert_allclose(net.norm.mean[...], 0.9 * 100.3 + 0.1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 3, 8), (8,)])
def test_norms_normalise(shape):
    x = 3 * ramp(4, *shape) + 1
    array = np.asarray(x)
    rows = array.reshape(4, -1, 2, 4)
    mean, var = rows.mean((1, 3), keepdims=True), rows.var((1, 3), keepdims=True)
    expected = ((rows - mean) / np.sqrt(var + 0.1)).reshape(array.shape)
    close(run("group_norm", x, groups=2, eps=0.1), expected)
    mean, var = array.mean(-1, keepdims=True), array.var(-1, keepdims=True)
    close(run("layer_norm", x, eps=0.1), (array - mean) / np.sqrt(var + 0.1))
