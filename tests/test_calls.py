"""The text of emitted calls, and that spellings survive in it."""

from __future__ import annotations

import pytest

import cnndsl
from cnndsl.targets.flax.fragments import ORDER
from cnndsl.targets.flax.ops import EMITTERS
from cnndsl.targets.python.arithmetic import binary, unary
from cnndsl.targets.python.tree import Constant, Expr, Name, Tuple
from tests.emitted import Spell, constructors, emitted, expression, literally, make

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
        'nnx.Conv(64, 32, (1, 7), (1, 2), padding="VALID", feature_group_count=2)',
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
        'SparseConv(64, CONNECT, (3, 3), padding="VALID", '
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
        'nnx.ConvTranspose(64, 32, (2, 2), 2, padding="VALID")',
    ),
    ("bn", {"momentum": 0.99}, "nnx.BatchNorm(64, promote_dtype=keep_float32)"),
    (
        "bn",
        {"eps": 1e-3, "scale": False},
        "nnx.BatchNorm(64, momentum=0.9, epsilon=1e-3, use_scale=False, "
        "promote_dtype=keep_float32)",
    ),
    ("layer_norm", {}, "nnx.LayerNorm(64)"),
    ("group_norm", {}, "nnx.GroupNorm(64, epsilon=1e-5)"),
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
        'nnx.max_pool(x, (3, 3), (2, 2), "SAME")',
    ),
    (
        "max_pool",
        {"window": 3, "stride": 2, "pad": 1},
        "nnx.pool(x, -jnp.inf, jax.lax.max, (3, 3), (2, 2), ((1, 1), (1, 1)))",
    ),
    (
        "max_pool",
        {"window": 3, "stride": 1, "pad": "same"},
        'nnx.max_pool(x, (3, 3), padding="SAME")',
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
        'nnx.avg_pool(x, (3, 3), padding="SAME")',
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
    ("upsample", {"factor": 2, "method": "bilinear"}, 'upsample(x, (2, 2), "bilinear")'),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), CONSTRUCTORS)
def test_constructors(name, arguments, expected):
    assert constructors(name, MAP, **arguments) == [expected]


@pytest.mark.parametrize(("name", "arguments", "expected"), EXPRESSIONS)
def test_expressions(name, arguments, expected):
    assert expression(name, MAP, **arguments) == expected


def test_a_kernel_starts_as_its_context_says():
    he = "kernel_init=nnx.initializers.he_normal()"

    def started(name: str, x: tuple[int, ...], **arguments: object) -> list[str]:
        return emitted(make(name, **arguments), x, rectified=True).constructors()

    assert started("dense", (8,), units=4) == [f"nnx.Linear(8, 4, {he})"]
    assert started("dense", (8,), units=4, init="lecun_normal") == ["nnx.Linear(8, 4)"]
    assert constructors("dense", (8,), units=4) == ["nnx.Linear(8, 4)"]
    depthwise, pointwise = started("separable", MAP, filters=8, kernel=3)
    assert he not in depthwise and he in pointwise
    for built in started("separable", MAP, filters=8, kernel=3, init="he_normal"):
        assert he in built


KERNELS = [
    ("dense(4) -> relu", [True]),
    ("dense(4) -> bn -> dropout(0.5) -> relu", [True]),
    ("dense(4) -> selu", [False]),
    ('dense(4, init = "lecun_normal") -> relu', [False]),
    ('dense(4, init = "he_normal") -> tanh', [True]),
    ("dense(4) -> dense(5) -> relu", [False, True]),
    ("y = dense(4) -> relu\n add [ y, dense(4) ]", [True, False]),
]


@pytest.mark.parametrize(("body", "starts"), KERNELS)
def test_a_relu_further_on_makes_a_kernel_he_normal(body, starts):
    code = cnndsl.compile(f"model Net {{\n input 8\n {body}\n}}").code
    assert code is not None
    dense = [line for line in code.splitlines() if "nnx.Linear(" in line]
    assert ["he_normal" in line for line in dense] == starts


def test_helpers_are_fragments():
    for name, arguments, _ in CONSTRUCTORS + EXPRESSIONS:
        assert set(emitted(make(name, **arguments), MAP).emission.helpers) <= set(ORDER)


def test_emitters_are_found_by_the_name_of_the_op():
    assert all(name.isidentifier() for name in EMITTERS)


KERNEL, STRIDE, MARGIN = Name("kernel"), Name("stride"), Name("margin")


def square(side: Expr) -> Expr:
    return Tuple((side, side))


def border(side: Expr) -> Expr:
    return Tuple((side,) * 4)


def spelled(**fields: Expr) -> Spell:
    """The arguments of these names as the expressions, all others as literals."""
    return lambda name, value: fields.get(name) or literally(name, value)


def constructor(name: str, spell: Spell, **arguments: object) -> str:
    (only,) = emitted(make(name, **arguments), MAP, spell).constructors()
    return only


def test_spellings_reach_the_code():
    features, filters = Name("in_features"), Name("filters")
    window = {"kernel": square(KERNEL), "stride": square(STRIDE)}
    spell = spelled(in_features=features, filters=filters, pad=border(MARGIN), **window)
    assert constructor("conv", spell, filters=32, kernel=3, pad=1) == (
        "nnx.Conv(in_features, filters, (kernel, kernel), stride, padding=margin)"
    )
    spell = spelled(in_features=features, kernel=square(KERNEL))
    assert constructor("depthwise", spell, kernel=3) == (
        "nnx.Conv(in_features, in_features, (kernel, kernel), feature_group_count=in_features)"
    )
    pool = make("max_pool", window=1)
    assert emitted(pool, MAP, spelled(stride=square(STRIDE))).expression() == (
        "x[:, ::stride, ::stride]"
    )


def test_what_varies_decides_nothing():
    strides = Tuple((STRIDE, Name("other")))
    assert constructor("conv", spelled(stride=strides), filters=8, kernel=3) == (
        "nnx.Conv(64, 8, (3, 3), (stride, other))"
    )
    crop = emitted(make("crop", amount=1), MAP, spelled(amount=border(MARGIN)))
    assert crop.emission.atom
    assert crop.expression() == "x[:, margin : x.shape[1] - margin, margin : x.shape[2] - margin]"
    transposed = spelled(stride=square(STRIDE))
    assert constructor("conv_transpose", transposed, filters=8, kernel=3, pad="valid") == (
        "nnx.ConvTranspose(64, 8, (3, 3), stride, padding=2)"
    )
    averaged = emitted(make("avg_pool", window=3, pad=1), MAP, spelled(count_pad=Name("counted")))
    assert averaged.emission.atom
    assert averaged.expression().endswith(
        "if counted else avg_pool(x, (3, 3), (3, 3), ((1, 1), (1, 1)))"
    )


def test_products_keep_their_parentheses():
    factor = binary("+", Name("a"), Name("b"))
    assert emitted(make("scale", factor=2), MAP, spelled(factor=factor)).expression() == (
        "(a + b) * x"
    )
    rescale = spelled(scale=factor, offset=binary("+", unary("-", Name("a")), Name("b")))
    assert emitted(make("rescale", scale=2, offset=1), MAP, rescale).expression() == (
        "(a + b) * x + (-a + b)"
    )


def test_a_negative_offset_is_subtracted():
    rescale = spelled(scale=Name("scale"), offset=Constant(-0.5))
    assert emitted(make("rescale", scale=2, offset=1), MAP, rescale).expression() == (
        "scale * x - 0.5"
    )
