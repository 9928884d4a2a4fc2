"""Counts that papers and other implementations state, shapes by hand, and what ops promise."""

import dataclasses
import doctest
import importlib
import pkgutil
import subprocess
import sys
from math import prod

import pytest

from cnndsl import ops
from cnndsl.ops import MERGES, OPS
from cnndsl.ops.base import Op
from cnndsl.ops.spelled import show


def count(op: Op, x: tuple[int, ...]) -> int:
    return sum(prod(shape) for shape in op.params(x).values())


def make(name: str, **arguments) -> Op:
    return OPS[name].make(arguments)


# LeCun et al. 1998, Table I: the maps that each of the 16 filters of C3 sees.
TABLE_I = [
    *([i, (i + 1) % 6, (i + 2) % 6] for i in range(6)),
    *([i, (i + 1) % 6, (i + 2) % 6, (i + 3) % 6] for i in range(6)),
    *([i, (i + 1) % 6, (i + 3) % 6, (i + 4) % 6] for i in range(3)),
    [0, 1, 2, 3, 4, 5],
]


@pytest.mark.parametrize(
    ("op", "x", "output", "params", "macs"),
    [
        # LeNet-5 (LeCun et al. 1998, section II.B)
        (make("conv", filters=6, kernel=5, pad="valid"), (32, 32, 1), (28, 28, 6), 156, 117_600),
        (make("subsample", window=2), (28, 28, 6), (14, 14, 6), 12, 0),
        (
            make("conv", filters=16, kernel=5, pad="valid", connect=TABLE_I),
            (14, 14, 6),
            (10, 10, 16),
            1_516,
            150_000,
        ),
        (make("conv", filters=120, kernel=5, pad="valid"), (5, 5, 16), (1, 1, 120), 48_120, 48_000),
        (make("dense", units=84), (120,), (84,), 10_164, 10_080),
        # AlexNet's conv2 in two towers, the published Caffe model
        (
            make("conv", filters=256, kernel=5, pad=2, groups=2),
            (27, 27, 96),
            (27, 27, 256),
            307_456,
            223_948_800,
        ),
        # ResNet-50's stem without a bias
        (
            make("conv", filters=64, kernel=7, stride=2, pad=3, bias=False),
            (224, 224, 3),
            (112, 112, 64),
            9_408,
            118_013_952,
        ),
        # MobileNet's first depthwise layer; Xception's first separable one
        (
            make("depthwise", kernel=3, bias=False),
            (112, 112, 32),
            (112, 112, 32),
            288,
            3_612_672,
        ),
        (
            make("separable", filters=128, kernel=3, bias=False),
            (147, 147, 64),
            (147, 147, 128),
            8_768,
            189_467_712,
        ),
        # DCGAN's 4x4 transposed convolution
        (
            make("conv_transpose", filters=64, kernel=4, stride=2, pad=1, bias=False),
            (16, 16, 128),
            (32, 32, 64),
            131_072,
            33_554_432,
        ),
        (make("bn"), (7, 7, 2048), (7, 7, 2048), 4096, 0),
        (make("bn", scale=False), (7, 7, 2048), (7, 7, 2048), 2048, 0),
        (make("layer_norm"), (768,), (768,), 1536, 0),
        (make("prelu"), (256,), (256,), 256, 0),
        (make("flatten"), (512,), (512,), 0, 0),
        (make("reshape", shape=10), (1, 1, 10), (10,), 0, 0),
        (make("channels", start=8, stop=24), (4, 4, 32), (4, 4, 16), 0, 0),
        (make("pad_channels", total=64), (32,), (64,), 0, 0),
        (make("shuffle", groups=2), (4, 4, 32), (4, 4, 32), 0, 0),
        # SqueezeNet's second pool, and ConvNeXt V2-T's last response normalization
        (make("max_pool", window=3, stride=2, ceil=True), (54, 54, 256), (27, 27, 256), 0, 0),
        (make("grn"), (7, 7, 3072), (7, 7, 3072), 6144, 0),
        (make("instance_norm", scale=False), (64, 64, 128), (64, 64, 128), 128, 0),
        (make("rms_norm"), (14, 14, 384), (14, 14, 384), 384, 0),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else None,
)
def test_published_counts(op, x, output, params, macs):
    assert op.output(x) == output
    assert count(op, x) == params
    assert op.macs(x) == macs


def test_state_is_not_trainable():
    assert make("bn").state((7, 7, 64)) == {"mean": (64,), "var": (64,)}
    assert all(not make(name).state((7, 7, 64)) for name in ("relu", "layer_norm", "prelu"))


@pytest.mark.parametrize(
    ("op", "extent", "stride"),
    [
        (make("conv", filters=8, kernel=[1, 7], stride=2, dilation=2), (1, 13), (2, 2)),
        (make("depthwise", kernel=3, dilation=4), (9, 9), (1, 1)),
        (make("separable", filters=8, kernel=5), (5, 5), (1, 1)),
        (make("max_pool", window=3, stride=2), (3, 3), (2, 2)),
        (make("subsample", window=2), (2, 2), (2, 2)),
        (make("conv_transpose", filters=8, kernel=4, stride=2), (2, 2), (0.5, 0.5)),
        (make("upsample", factor=4), (1, 1), (0.25, 0.25)),
        (make("upsample", factor=2, method="bilinear"), (2, 2), (0.5, 0.5)),
        (make("relu"), (1, 1), (1, 1)),
        (make("pixel_shuffle", factor=2), (1, 1), (0.5, 0.5)),
        (make("space_to_depth", factor=2), (2, 2), (2, 2)),
        (make("reduce_max", axis="channels"), (1, 1), (1, 1)),
    ],
    ids=lambda value: value.name if isinstance(value, Op) else None,
)
def test_field(op, extent, stride):
    assert op.field() == (extent, stride)
    assert not op.sees_everything()


@pytest.mark.parametrize(
    ("op", "extent", "stride"),
    [
        (make("resize", size=[28, 7]), (2, 2), (0.5, 2)),
        (make("resize", size=14, method="nearest"), (1, 1), (1, 1)),
        (make("adaptive_avg_pool", size=[7, 5]), (2, 3), (2, 2.8)),
        (make("max_pool", window=3, stride=2), (3, 3), (2, 2)),
    ],
)
def test_field_on_a_map(op, extent, stride):
    assert op.field_on((14, 14, 8)) == (extent, stride)


def test_what_sees_everything():
    codes = [[1.0]]
    for op in (
        make("dense", units=10),
        make("global_avg_pool"),
        make("global_max_pool", keep=True),
        make("rbf", classes=1, codes=codes),
        make("transpose"),
        *(make(name, axis="width") for name in ("reduce_mean", "softmax", "l2_normalize")),
    ):
        assert op.sees_everything()


def test_normal_forms():
    conv = make("conv", filters=8, kernel=3, stride=[2, 1], pad=[1, 2], connect=None)
    assert (conv.kernel, conv.stride, conv.pad) == ((3, 3), (2, 1), (1, 1, 2, 2))
    assert (conv.dilation, conv.bias, conv.connect, conv.init) == ((1, 1), True, None, None)
    assert make("max_pool", window=3).stride == (3, 3)
    assert isinstance(make("dropout", rate=0).rate, float)
    assert make("crop", amount=[0, 1, 2, 3]).amount == (0, 1, 2, 3)
    assert make("rbf", classes=1, codes=[[1, -1]]).codes == ((1, -1),)
    assert make("relu") == make("relu") != make("relu6")


class Spelled(int):
    """An integer that remembers how it was written."""

    def __new__(cls, value: int, text: str):
        number = super().__new__(cls, value)
        number.text = text
        return number

    def __repr__(self) -> str:
        return self.text


def _spelling(symbol: str, method: str):
    def forward(self, other):
        return Spelled(getattr(int, method)(self, other), f"{self!r} {symbol} {other!r}")

    def reflected(self, other):
        return Spelled(getattr(int, method)(other, self), f"{other!r} {symbol} {self!r}")

    setattr(Spelled, method, forward)
    setattr(Spelled, method.replace("__", "__r", 1), reflected)


for _symbol, _method in (("+", "__add__"), ("-", "__sub__"), ("*", "__mul__")):
    _spelling(_symbol, _method)

A, B = Spelled(4, "a"), Spelled(6, "b")


@pytest.mark.parametrize(
    ("channels", "text"),
    [
        (make("conv", filters=A, kernel=3).output((8, 8, B))[2], "a"),
        (make("depthwise", kernel=3).output((8, 8, A))[2], "a"),
        (make("depthwise", kernel=3, multiplier=B).output((8, 8, A))[2], "a * b"),
        (make("dense", units=A).output((10,))[0], "a"),
        (make("max_pool", window=2).output((8, 8, A))[2], "a"),
        (make("global_avg_pool").output((8, 8, A))[0], "a"),
        (make("flatten").output((7, 7, A))[0], "49 * a"),
        (make("flatten").output((1, 1, A))[0], "a"),
        (make("channels", start=0, stop=A).output((8, 8, B))[2], "a"),
        (make("channels", start=A, stop=B).output((8, 8, B))[2], "b - a"),
        (make("pad_channels", total=B).output((8, 8, A))[2], "b"),
        (MERGES["concat"].output(((8, 8, A), (8, 8, B), (8, 8, 3)))[2], "a + b + 3"),
        (MERGES["add"].output(((8, 8, A), (8, 8, 4)))[2], "a"),
        (MERGES["mul"].output(((1, 1, 4), (8, 8, A)))[2], "a"),
    ],
)
def test_spellings_pass_through(channels, text):
    assert repr(channels) == text


def test_messages_show_values_not_spellings():
    with pytest.raises(ops.base.Reject, match="4 groups do not divide 6 channels"):
        make("shuffle", groups=A).output((8, 8, B))


def test_registry_matches_the_classes():
    named = {name: op for name, op in OPS.items() if op.name == name}
    assert named == OPS
    for op in OPS.values():
        assert op.__doc__ and op.__doc__.strip()
        for name, argument in op.arguments().items():
            assert argument.doc, f"{op.name}: {name}"
        assert dataclasses.is_dataclass(op)


def test_defaults_convert_and_show_as_written():
    assert OPS["conv"].signature() == (
        "conv(filters, kernel, stride = 1, pad = same, groups = 1, dilation = 1, bias = true, "
        "connect = none, init = none, bias_init = zeros, frozen = false, "
        "weight = none)"
    )
    pool = "max_pool(window, stride = window, pad = valid, ceil = false)"
    assert OPS["max_pool"].signature() == pool
    assert OPS["l2_normalize"].signature() == "l2_normalize(axis = channels, eps = 1e-12)"
    assert OPS["lrn"].signature() == "lrn(size = 5, alpha = 1e-4, beta = 0.75, k = 1.0)"
    assert OPS["rescale"].signature() == "rescale(scale, offset = 0.0)"


@pytest.mark.parametrize(
    ("value", "text"),
    [(1e-6, "1e-6"), (0.00025, "2.5e-4"), (1.001e-5, "1.001e-5"), (1e22, "1e+22"), (-0.5, "-0.5")],
)
def test_floats_show_as_papers_write_them(value, text):
    assert show(value) == text
    assert float(text) == value


MODULES = [f"cnndsl.ops.{module.name}" for module in pkgutil.iter_modules(ops.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_doctests(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_importing_the_ops_loads_neither_numpy_nor_jax():
    code = "import sys, cnndsl.ops; print({'numpy', 'jax', 'flax'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
