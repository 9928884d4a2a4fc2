"""Shape rules against the primitives of JAX and NumPy, which nobody here wrote."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax import lax

from cnndsl.ops import MERGES, OPS
from cnndsl.ops.base import Op, Reject

pytestmark = pytest.mark.xla

NHWC = ("NHWC", "HWIO", "NHWC")

sizes = st.tuples(st.integers(1, 20), st.integers(1, 20))
windows = st.tuples(st.integers(1, 6), st.integers(1, 6))
steps = st.tuples(st.integers(1, 4), st.integers(1, 4))
borders = st.lists(st.integers(0, 4), min_size=4, max_size=4)
pads = st.sampled_from(["same", "valid"]) | borders
quick = settings(max_examples=60, deadline=None)


def make(name: str, **arguments) -> Op:
    as_written = {k: list(v) if isinstance(v, tuple) else v for k, v in arguments.items()}
    return OPS[name].make(as_written)


def image(*shape: int) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct((1, *shape), jnp.float32)


def jax_pad(pad):
    if isinstance(pad, str):
        return pad.upper()
    return ((pad[0], pad[1]), (pad[2], pad[3]))


def agrees(op: Op, x: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """The rule gives JAX's shape; where JAX has no position left, the rule rejects."""
    if 0 in expected:
        with pytest.raises(Reject, match="does not fit"):
            op.output(x)
    else:
        assert op.output(x) == expected


@quick
@given(
    size=sizes,
    kernel=windows,
    stride=steps,
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    pad=pads,
    groups=st.integers(1, 3),
    width=st.integers(1, 3),
)
def test_conv(size, kernel, stride, dilation, pad, groups, width):
    x, filters = (*size, groups * width), 2 * groups
    op = make(
        "conv",
        filters=filters,
        kernel=kernel,
        stride=stride,
        pad=pad,
        groups=groups,
        dilation=dilation,
    )

    def conv(x):
        weight = jnp.zeros((*kernel, width, filters))
        return lax.conv_general_dilated(
            x,
            weight,
            stride,
            jax_pad(pad),
            rhs_dilation=dilation,
            dimension_numbers=NHWC,
            feature_group_count=groups,
        )

    agrees(op, x, jax.eval_shape(conv, image(*x)).shape[1:])
    assert op.params(x)["kernel"] == (*kernel, width, filters)


@quick
@given(size=sizes, kernel=windows, stride=steps, pad=pads, multiplier=st.integers(1, 3))
def test_depthwise_and_separable(size, kernel, stride, pad, multiplier):
    x = (*size, 4)
    arguments = {"kernel": kernel, "stride": stride, "pad": pad, "multiplier": multiplier}
    op = make("depthwise", **arguments)
    separable = make("separable", filters=5, **arguments)

    def depthwise(x):
        return lax.conv_general_dilated(
            x,
            jnp.zeros(op.params(x.shape[1:])["kernel"]),
            stride,
            jax_pad(pad),
            dimension_numbers=NHWC,
            feature_group_count=4,
        )

    expected = jax.eval_shape(depthwise, image(*x)).shape[1:]
    agrees(op, x, expected)
    agrees(separable, x, (*expected[:2], 5))


@quick
@given(size=sizes, kernel=windows, stride=steps, pad=pads)
def test_conv_transpose(size, kernel, stride, pad):
    x = (*size, 3)
    op = make("conv_transpose", filters=5, kernel=kernel, stride=stride, pad=pad)
    weight = jnp.zeros((*kernel, 3, 5))

    def same(x):
        return lax.conv_transpose(x, weight, stride, "SAME", dimension_numbers=NHWC)

    def explicit(x):
        top, bottom, left, right = (0, 0, 0, 0) if pad == "valid" else pad
        rows, columns = kernel[0] - 1, kernel[1] - 1
        around = ((rows - top, rows - bottom), (columns - left, columns - right))
        return lax.conv_general_dilated(
            x, weight, (1, 1), around, lhs_dilation=stride, dimension_numbers=NHWC
        )

    if pad != "same" and (
        sum(pad[:2] if pad != "valid" else ()) >= (size[0] - 1) * stride[0] + kernel[0]
        or sum(pad[2:] if pad != "valid" else ()) >= (size[1] - 1) * stride[1] + kernel[1]
    ):
        with pytest.raises(Reject, match="takes away all"):
            op.output(x)
        return
    function = same if pad == "same" else explicit
    assert op.output(x) == jax.eval_shape(function, image(*x)).shape[1:]


@quick
@given(
    name=st.sampled_from(["max_pool", "avg_pool"]),
    size=sizes,
    window=windows,
    stride=st.none() | steps,
    pad=pads,
)
def test_pools(name, size, window, stride, pad):
    rows, columns = window
    limits = (rows, rows, columns, columns)
    assume(
        isinstance(pad, str) or all(side < limit for side, limit in zip(pad, limits, strict=True))
    )
    written = {} if stride is None else {"stride": stride}
    op = make(name, window=window, pad=pad, **written)
    step = (1, *(stride or window), 1)
    around = pad.upper() if isinstance(pad, str) else ((0, 0), *jax_pad(pad), (0, 0))

    def pool(x):
        return lax.reduce_window(x, 0.0, lax.add, (1, *window, 1), step, around)

    agrees(op, (*size, 3), jax.eval_shape(pool, image(*size, 3)).shape[1:])


@quick
@given(size=sizes, window=windows, stride=windows, pad=borders)
def test_pools_that_round_up(size, window, stride, pad):
    """PyTorch's rule: the last window begins on the map or before it."""
    limits = (window[0], window[0], window[1], window[1])
    assume(all(side < limit for side, limit in zip(pad, limits, strict=True)))
    expected = []
    for i in range(2):
        before, after = pad[2 * i], pad[2 * i + 1]
        count = -(-(size[i] + before + after - window[i]) // stride[i]) + 1
        expected.append(count - 1 if (count - 1) * stride[i] >= size[i] + before else count)
    assume(min(expected) > 0)
    op = make("max_pool", window=window, stride=stride, pad=pad, ceil=True)
    assert op.output((*size, 3)) == (*expected, 3)
    behind = op.margins_of_ceil()  # the same, whatever the size
    sides = (pad[0], pad[1] + behind[0], pad[2], pad[3] + behind[1])
    padded = (size[0] + sum(sides[:2]), size[1] + sum(sides[2:]), 3)
    assert make("max_pool", window=window, stride=stride).output(padded) == (*expected, 3)


@quick
@given(size=sizes, window=windows)
def test_subsample(size, window):
    def pool(x):
        return lax.reduce_window(x, 0.0, lax.add, (1, *window, 1), (1, *window, 1), "VALID")

    agrees(
        make("subsample", window=window),
        (*size, 3),
        jax.eval_shape(pool, image(*size, 3)).shape[1:],
    )


@quick
@given(size=sizes, border=borders, factor=steps)
def test_pad_crop_and_upsample(size, border, factor):
    x = (*size, 3)
    rows, columns = tuple(border[:2]), tuple(border[2:])
    padded = np.pad(np.zeros(x), (rows, columns, (0, 0)))
    assert make("pad", amount=border).output(x) == padded.shape
    assert make("crop", amount=border).output(padded.shape) == x
    for method in ("nearest", "bilinear"):
        larger = make("upsample", factor=factor, method=method).output(x)
        assert larger == np.zeros(x).repeat(factor[0], 0).repeat(factor[1], 1).shape


@quick
@given(shapes=st.lists(sizes, min_size=1, max_size=4), channels=st.integers(1, 8))
def test_merges_agree_with_broadcasting(shapes, channels):
    maps = [(1, 1, channels) if h < 8 else (*shapes[0], channels) for h, _ in shapes]
    expected = np.broadcast_shapes(*maps)
    assert MERGES["mul"].output(tuple(maps)) == expected
    for name in ("div", "sub"):
        assert MERGES[name].output((maps[0], maps[-1])) == np.broadcast_shapes(maps[0], maps[-1])
    thin = tuple(1 if n % 2 else n for n in (*shapes[0], channels))
    full = (*shapes[0], channels)
    assert MERGES["maximum"].output((thin, full)) == np.broadcast_shapes(thin, full)
    joined = np.concatenate([np.zeros((*shapes[0], channels))] * len(maps), axis=-1).shape
    assert MERGES["concat"].output(((*shapes[0], channels),) * len(maps)) == joined
