"""The text of emitted calls, and that spellings survive in it."""

from __future__ import annotations

import pytest

from cnndsl.targets.flax.calls import EMITTERS, emit
from cnndsl.targets.flax.emission import Context
from cnndsl.targets.flax.fragments import ORDER
from tests.emitted import constructors, expression, make

MAP = (28, 28, 64)

CONSTRUCTORS = [
    ("conv", {"filters": 32, "kernel": 3}, "nnx.Conv(64, 32, (3, 3))"),
    ("conv", {"filters": 32, "kernel": 1, "pad": "valid"}, "nnx.Conv(64, 32, (1, 1))"),
    (
        "conv",
        {"filters": 32, "kernel": 3, "stride": 2, "pad": 1, "bias": False},
        "nnx.Conv(64, 32, (3, 3), 2, padding=1, use_bias=False)",
    ),
    (
        "conv",
        {"filters": 32, "kernel": (1, 7), "stride": (1, 2), "pad": "valid", "groups": 2},
        "nnx.Conv(64, 32, (1, 7), (1, 2), padding='VALID', feature_group_count=2)",
    ),
    (
        "conv",
        {"filters": 32, "kernel": 3, "pad": [0, 1, 0, 1], "dilation": 2},
        "nnx.Conv(64, 32, (3, 3), padding=((0, 1), (0, 1)), kernel_dilation=2)",
    ),
    (
        "conv",
        {"filters": 32, "kernel": 3, "init": "xavier_uniform"},
        "nnx.Conv(64, 32, (3, 3), kernel_init=nnx.initializers.xavier_uniform())",
    ),
    (
        "conv",
        {"filters": 32, "kernel": 3, "init": "zeros"},
        "nnx.Conv(64, 32, (3, 3), kernel_init=nnx.initializers.zeros_init())",
    ),
    (
        "conv",
        {"filters": 2, "kernel": 3, "pad": "valid", "connect": [[0, 1], [2]]},
        "SparseConv(64, CONNECT, (3, 3), padding='VALID', "
        "kernel_init=nnx.initializers.lecun_normal())",
    ),
    (
        "depthwise",
        {"kernel": 3, "stride": 2, "bias": False},
        "nnx.Conv(64, 64, (3, 3), 2, feature_group_count=64, use_bias=False)",
    ),
    (
        "conv_transpose",
        {"filters": 32, "kernel": 4, "stride": 2, "pad": 1},
        "nnx.ConvTranspose(64, 32, (4, 4), 2, padding=2)",
    ),
    (
        "conv_transpose",
        {"filters": 32, "kernel": 2, "stride": 2, "pad": "valid"},
        "nnx.ConvTranspose(64, 32, (2, 2), 2, padding='VALID')",
    ),
    ("bn", {"momentum": 0.99}, "nnx.BatchNorm(64, promote_dtype=keep_float32)"),
    (
        "bn",
        {"eps": 1e-3, "scale": False},
        "nnx.BatchNorm(64, momentum=0.9, epsilon=0.001, use_scale=False, "
        "promote_dtype=keep_float32)",
    ),
    ("layer_norm", {}, "nnx.LayerNorm(64)"),
    ("group_norm", {}, "nnx.GroupNorm(64, epsilon=1e-05)"),
    ("group_norm", {"groups": 8, "eps": 1e-6}, "nnx.GroupNorm(64, 8)"),
    ("dropout", {"rate": 0.5}, "nnx.Dropout(0.5)"),
    ("drop_path", {"rate": 0.2}, "nnx.Dropout(0.2, broadcast_dims=(1, 2, 3))"),
    ("layer_scale", {}, "LayerScale(64)"),
    ("prelu", {}, "PReLU(64)"),
    ("subsample", {"window": 2}, "Subsample(64, (2, 2))"),
]

EXPRESSIONS = [
    ("separable", {"filters": 8, "kernel": 3}, "self.pointwise(self.depthwise(x))"),
    ("max_pool", {"window": 2}, "nnx.max_pool(x, (2, 2), (2, 2))"),
    (
        "max_pool",
        {"window": 3, "stride": 2, "pad": "same"},
        "nnx.max_pool(x, (3, 3), (2, 2), 'SAME')",
    ),
    (
        "max_pool",
        {"window": 3, "stride": 2, "pad": 1},
        "nnx.max_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))",
    ),
    (
        "max_pool",
        {"window": 3, "stride": 1, "pad": "same"},
        "nnx.max_pool(x, (3, 3), padding='SAME')",
    ),
    ("max_pool", {"window": 1, "stride": 2}, "x[:, ::2, ::2]"),
    ("avg_pool", {"window": 3, "stride": 1, "pad": "same"}, "avg_pool(x, (3, 3))"),
    (
        "avg_pool",
        {"window": 3, "stride": 2, "pad": 1},
        "avg_pool(x, (3, 3), (2, 2), ((1, 1), (1, 1)))",
    ),
    (
        "avg_pool",
        {"window": 3, "stride": 1, "pad": "same", "count_pad": True},
        "nnx.avg_pool(x, (3, 3), padding='SAME')",
    ),
    ("global_avg_pool", {}, "x.mean(axis=(1, 2))"),
    ("global_max_pool", {"keep": True}, "x.max(axis=(1, 2), keepdims=True)"),
    ("flatten", {}, "x.reshape(x.shape[0], -1)"),
    ("reshape", {"shape": [28, 14, 128]}, "x.reshape(-1, 28, 14, 128)"),
    ("pad", {"amount": 1}, "jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))"),
    ("crop", {"amount": [1, 1, 1, 0]}, "x[:, 1:-1, 1:]"),
    ("crop", {"amount": [0, 2, 0, 0]}, "x[:, :-2]"),
    ("channels", {"start": 0, "stop": 32}, "x[..., :32]"),
    ("relu", {}, "nnx.relu(x)"),
    ("gelu", {}, "nnx.gelu(x, approximate=False)"),
    ("leaky_relu", {"slope": 0.2}, "nnx.leaky_relu(x, negative_slope=0.2)"),
    ("lrn", {}, "local_response_norm(x)"),
    ("scale", {"factor": 0.17}, "0.17 * x"),
    ("rescale", {"scale": 0.5, "offset": -1}, "0.5 * x - 1.0"),
    ("normalize", {"mean": 0.5, "std": [0.25] * 64}, "normalize(x, 0.5, STD)"),
    ("upsample", {"factor": 2}, "upsample(x, (2, 2))"),
    ("upsample", {"factor": 2, "method": "bilinear"}, "upsample(x, (2, 2), 'bilinear')"),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), CONSTRUCTORS)
def test_constructors(name, arguments, expected):
    assert constructors(name, MAP, **arguments) == [expected]


@pytest.mark.parametrize(("name", "arguments", "expected"), EXPRESSIONS)
def test_expressions(name, arguments, expected):
    assert expression(name, MAP, **arguments) == expected


def test_a_relu_further_on_makes_a_kernel_he_normal():
    relu = Context(followed_by="relu")
    he = "kernel_init=he_normal"
    assert constructors("dense", (8,), relu, units=4) == [f"nnx.Linear(8, 4, {he})"]
    assert constructors("dense", (8,), relu, units=4, init="lecun_normal") == ["nnx.Linear(8, 4)"]
    assert constructors("dense", (8,), Context(followed_by="selu"), units=4) == ["nnx.Linear(8, 4)"]
    depthwise, pointwise = constructors("separable", MAP, relu, filters=8, kernel=3)
    assert he not in depthwise and he in pointwise
    assert "he_normal" in emit(make("dense", units=4), (8,), relu).helpers


def test_helpers_are_fragments():
    assert {"he_normal", "keep_float32"} <= set(ORDER)
    for name, arguments, _ in CONSTRUCTORS + EXPRESSIONS:
        assert set(emit(make(name, **arguments), MAP, Context("relu")).helpers) <= set(ORDER)


def test_emitters_are_found_by_the_name_of_the_op():
    assert all(name.isidentifier() for name in EMITTERS)


class Spelled(int):
    """An integer that prints as the argument it came from."""

    def __new__(cls, value: int, name: str) -> Spelled:
        spelled = super().__new__(cls, value)
        spelled.name = name
        return spelled

    def __repr__(self) -> str:
        return self.name


KERNEL, STRIDE, MARGIN = Spelled(3, "kernel"), Spelled(1, "stride"), Spelled(1, "margin")
SPELLED_MAP = (28, 28, Spelled(64, "in_features"))


def varies(value: object) -> bool:
    return isinstance(value, Spelled)


def test_spellings_reach_the_code():
    context = Context(varies=varies)
    conv = {"filters": Spelled(32, "filters"), "kernel": KERNEL, "stride": STRIDE, "pad": MARGIN}
    assert constructors("conv", SPELLED_MAP, context, **conv) == [
        "nnx.Conv(in_features, filters, (kernel, kernel), stride, padding=margin)"
    ]
    assert constructors("depthwise", SPELLED_MAP, context, kernel=KERNEL) == [
        "nnx.Conv(in_features, in_features, (kernel, kernel), feature_group_count=in_features)"
    ]
    pool = {"window": 1, "stride": STRIDE}
    assert expression("max_pool", SPELLED_MAP, context, **pool) == "x[:, ::stride, ::stride]"


def test_what_varies_decides_nothing():
    context = Context(varies=varies)
    unequal = {"filters": 8, "kernel": 3, "stride": (STRIDE, Spelled(1, "other"))}
    assert constructors("conv", SPELLED_MAP, context, **unequal) == [
        "nnx.Conv(in_features, 8, (3, 3), (stride, other))"
    ]
    crop = emit(make("crop", amount=MARGIN), SPELLED_MAP, context)
    assert crop.atom
    assert crop.apply("x", [], repr) == (
        "x[:, margin:x.shape[1] - margin, margin:x.shape[2] - margin]"
    )
    transposed = {"filters": 8, "kernel": 3, "stride": STRIDE, "pad": "valid"}
    assert constructors("conv_transpose", SPELLED_MAP, context, **transposed) == [
        "nnx.ConvTranspose(in_features, 8, (3, 3), stride, padding=2)"
    ]


def test_without_instances_a_value_of_one_is_left_out():
    assert constructors("conv", MAP, filters=8, kernel=3, stride=STRIDE) == [
        "nnx.Conv(64, 8, (3, 3))"
    ]


def test_expressions_keep_their_parentheses():
    factor = Spelled(2, "a + b")
    assert expression("scale", MAP, factor=factor) == "(a + b) * x"
    offset = Spelled(2, "-a + b")
    assert expression("rescale", MAP, scale=factor, offset=offset) == "(a + b) * x + (-a + b)"
