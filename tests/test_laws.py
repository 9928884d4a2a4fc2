"""Laws over every op: what its class promises is what JAX does with the emitted code.

Nothing is initialised or computed: shapes and parameters come from `nnx.eval_shape`,
multiply-accumulates from the jaxpr.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import pytest
from flax import nnx
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from jax.extend.core import jaxprs_in_params

from cnndsl.ops import OPS, SOURCES
from cnndsl.ops.base import Op, Reject, Shape
from cnndsl.ops.initial import OF_VECTORS, PLAIN, Initial
from cnndsl.ops.weighted import Weighted
from cnndsl.targets.flax.ops import EMITTERS
from tests.emitted import Names, Spell, literally
from tests.executed import module

pytestmark = pytest.mark.xla

BATCH = 3

Case = tuple[dict[str, Any], Shape]  # arguments and the shape of the input

sizes = st.integers(5, 12)
few = st.integers(1, 3)
windows = few | st.tuples(few, few)
margins = st.integers(0, 2)
borders = margins | st.tuples(margins, margins) | st.tuples(margins, margins, margins, margins)
small = st.integers(3, 6)
pads = st.sampled_from(["same", "valid"]) | borders
flags = st.booleans()
weightings = st.sampled_from([None, "standardized", "normalized", "scaled", "spectral"])
channels = st.sampled_from([1, 2, 4, 6])
maps = st.tuples(sizes, sizes, channels)
signals = st.tuples(sizes, channels)
clips = st.tuples(small, small, small, channels)
others = signals | clips
vectors = st.tuples(st.integers(1, 12))
either = maps | vectors
numbers = st.floats(0.125, 2.0)
small = st.floats(0.125, 1.0)
rates = st.floats(0.0, 0.875)
inits = st.none() | st.sampled_from(
    [
        *PLAIN,
        Initial("truncated_normal", (0.02,)),
        Initial("orthogonal", (2.0,)),
        Initial("constant", (0.5,)),
        Initial("variance_scaling", (2.0, "fan_out", "normal")),
        0.25,
    ]
)
starts = st.sampled_from([*OF_VECTORS, 0, 0.5, Initial("uniform", (0.1,))])
dtypes = st.sampled_from([jnp.float32, jnp.bfloat16])
# Code that knows its values by name alone is longer, and means the same.
spells = st.one_of(st.just(literally), st.builds(Names))


def over(shapes: st.SearchStrategy[Shape], **arguments: st.SearchStrategy) -> st.SearchStrategy:
    """Cases whose arguments do not depend on the input."""
    return st.tuples(st.fixed_dictionaries(arguments), shapes)


def from_shape(
    shapes: st.SearchStrategy[Shape], arguments: Callable[[Shape], st.SearchStrategy]
) -> st.SearchStrategy:
    return shapes.flatmap(lambda x: st.tuples(arguments(x), st.just(x)))


def grouped(x: Shape) -> st.SearchStrategy:
    """Groups that divide both the channels and the filters."""
    groups = st.sampled_from([g for g in (1, 2, 4) if x[2] % g == 0])
    return groups.flatmap(
        lambda g: st.fixed_dictionaries(
            {
                "filters": few.map(lambda n: n * g),
                "kernel": windows,
                "stride": windows,
                "pad": pads,
                "groups": st.just(g),
                "dilation": windows,
                "bias": flags,
                "init": inits,
            }
        )
    )


def connected(x: Shape) -> st.SearchStrategy:
    seen = st.lists(st.integers(0, x[2] - 1), min_size=1, max_size=x[2], unique=True)
    return st.lists(seen, min_size=1, max_size=5).flatmap(
        lambda connect: st.fixed_dictionaries(
            {
                "filters": st.just(len(connect)),
                "kernel": windows,
                "stride": windows,
                "pad": pads,
                "dilation": windows,
                "bias": flags,
                "connect": st.just(connect),
            }
        )
    )


def divisor(x: Shape) -> st.SearchStrategy:
    return st.sampled_from([g for g in range(1, x[-1] + 1) if x[-1] % g == 0])


def per_channel(x: Shape) -> st.SearchStrategy:
    value = numbers | st.lists(numbers, min_size=x[-1], max_size=x[-1])
    return st.fixed_dictionaries({"mean": value, "std": value})


def codes(x: Shape) -> st.SearchStrategy:
    code = st.lists(st.sampled_from([-1, 1]), min_size=x[0], max_size=x[0])
    table = st.lists(code, min_size=1, max_size=4)
    return table.map(lambda table: {"classes": len(table), "codes": table})


def slices(x: Shape) -> st.SearchStrategy:
    start = st.integers(0, x[-1] - 1)
    return start.flatmap(
        lambda start: st.integers(start + 1, x[-1]).map(lambda stop: {"start": start, "stop": stop})
    )


def reshapes(x: Shape) -> st.SearchStrategy:
    shapes = [prod(x), (1, 1, prod(x)), (x[-1], 1, prod(x[:-1])), x]
    return st.sampled_from([*shapes, (prod(x), 1), (1, 1, prod(x), 1)]).map(
        lambda shape: {"shape": shape}
    )


activations = over(either)
pools = over(maps, window=windows, stride=windows, pad=pads, ceil=flags)


def along(x: Shape) -> st.SearchStrategy:
    """An axis that such an input has."""
    words = ["channels", "positions", "height", "width"] if len(x) == 3 else ["channels"]
    return st.sampled_from(words)


def with_axis(**arguments: st.SearchStrategy) -> st.SearchStrategy:
    return from_shape(either, lambda x: st.fixed_dictionaries({"axis": along(x), **arguments}))


def expansions(x: Shape) -> st.SearchStrategy:
    """Shapes whose axes are those of `x`, or any where `x` has 1."""
    axes = (st.integers(1, 4) if n == 1 else st.just(n) for n in x)
    return st.tuples(*axes).map(lambda like: {"like": like})


def transpositions(x: Shape) -> st.SearchStrategy:
    rows = st.sampled_from([n for n in range(1, x[2] + 1) if x[2] % n == 0])
    sizes = rows.map(lambda n: {"height": n, "width": x[2] // n})
    return st.just({}) | sizes


thin = st.tuples(*[st.sampled_from([1, 1, 3])] * 3)
squares = st.tuples(few, sizes, sizes, few).map(
    lambda held: ({"factor": held[0]}, (held[1], held[2], held[0] ** 2 * held[3]))
)
tiles = st.tuples(few, few, few, channels).map(
    lambda held: ({"factor": held[0]}, (held[0] * held[1], held[0] * held[2], held[3]))
)
depthwise = {
    "kernel": windows,
    "stride": windows,
    "pad": pads,
    "multiplier": few,
    "dilation": windows,
    "bias": flags,
    "init": inits,
}

TENSOR_STARTS = ["ones", "he_normal", "orthogonal", Initial("uniform", (0.1,)), 0.5]

CASES: dict[str, st.SearchStrategy[Case]] = {
    "conv": from_shape(maps, grouped) | from_shape(maps, connected),
    "depthwise": over(maps, **depthwise),
    "separable": over(maps, filters=few, **depthwise),
    "conv_transpose": over(
        maps,
        filters=few,
        kernel=windows,
        stride=windows,
        pad=pads,
        bias=flags,
        init=inits,
    ),
    "dense": over(vectors, units=few, bias=flags, init=inits)
    | over(vectors, units=few, init=inits, bias_init=starts),
    "bn": over(either, momentum=rates, eps=small, scale=flags, shift=flags)
    | over(either, scale_init=starts, shift_init=starts),
    "layer_norm": over(either, eps=small) | over(either, scale_init=starts, shift_init=starts),
    "group_norm": from_shape(
        either, lambda x: st.fixed_dictionaries({"groups": divisor(x), "eps": small})
    ),
    "lrn": over(either, size=st.integers(1, 7), alpha=numbers, beta=numbers, k=numbers),
    "leaky_relu": over(either, slope=numbers),
    **dict.fromkeys(
        (
            "relu",
            "relu6",
            "elu",
            "selu",
            "gelu",
            "swish",
            "sigmoid",
            "hard_sigmoid",
            "hard_swish",
            "tanh",
            "scaled_tanh",
            "softplus",
            "prelu",
            "mish",
            "glu",
            *("abs", "square", "sqrt", "exp", "log"),
        ),
        activations,
    ),
    "max_pool": pools,
    "softmax": with_axis(),
    "celu": over(either, alpha=numbers),
    "clip": over(either, low=st.floats(-2.0, 0.0), high=numbers),
    "instance_norm": over(maps, eps=small, scale=flags, shift=flags),
    "rms_norm": over(either, eps=small) | over(either, scale_init=starts),
    "grn": over(maps, eps=small),
    "l2_normalize": with_axis(eps=small),
    "avg_pool": over(maps, window=windows, stride=windows, pad=pads, count_pad=flags, ceil=flags),
    "adaptive_avg_pool": over(maps, size=windows | st.integers(1, 5)),
    **dict.fromkeys(("reduce_mean", "reduce_max", "reduce_sum"), with_axis()),
    "expand": from_shape(thin, expansions),
    "transpose": from_shape(maps, transpositions),
    "resize": over(maps, size=windows | sizes, method=st.sampled_from(["nearest", "bilinear"])),
    "pixel_shuffle": squares,
    "space_to_depth": tiles,
    "global_avg_pool": over(maps, keep=flags),
    "global_max_pool": over(maps, keep=flags),
    "subsample": over(maps, window=windows),
    "rbf": from_shape(vectors, codes),
    "flatten": activations,
    "reshape": from_shape(either, reshapes),
    "pad": over(maps, amount=borders, mode=st.sampled_from(["zero", "reflect", "edge"])),
    "crop": over(maps, amount=borders),
    "channels": from_shape(either, slices),
    "pad_channels": from_shape(
        either, lambda x: st.integers(x[-1], x[-1] + 4).map(lambda total: {"total": total})
    ),
    "shuffle": from_shape(either, lambda x: divisor(x).map(lambda groups: {"groups": groups})),
    "upsample": over(maps, factor=windows, method=st.sampled_from(["nearest", "bilinear"])),
    "dropout": over(either, rate=rates),
    "drop_path": over(either, rate=rates),
    "scale": over(either, factor=numbers),
    "layer_scale": over(either, init=numbers),
    "normalize": from_shape(either, per_channel),
    "rescale": over(either, scale=numbers, offset=numbers),
    "param": over(either, init=st.sampled_from(TENSOR_STARTS), shape=thin)
    | over(either, init=starts, shape=few),
    "constant": over(either, values=st.sampled_from([[1, 0.5], [[[1, 2]], [[3, 4]]]]))
    | over(either, values=numbers, shape=thin | few),
}

WORDS = {2: ("length",), 4: ("depth", "height", "width")}  # by the sizes of a shape


def windowed(filters: bool = False, causal: bool = False, **arguments: st.SearchStrategy) -> Any:
    """Arguments of a kernel or a window along as many axes as arrive."""

    def of(x: Shape) -> st.SearchStrategy:
        rank = len(x) - 1
        each = few | st.tuples(*[few] * rank)
        around = margins | st.tuples(*[margins] * rank) | st.tuples(*[margins] * (2 * rank))
        words = ["same", "valid", *(["causal"] if causal and rank == 1 else [])]
        held: dict[str, st.SearchStrategy] = {
            "stride": each,
            "pad": st.sampled_from(words) | around,
        }
        held |= {"filters": few} if filters else {}
        held |= {name: each if value is windows else value for name, value in arguments.items()}
        return st.fixed_dictionaries(held)

    return from_shape(others, of)


def bordered(**arguments: st.SearchStrategy) -> Any:
    """Margins along as many axes as arrive."""

    def of(x: Shape) -> st.SearchStrategy:
        rank = len(x) - 1
        around = margins | st.tuples(*[margins] * rank) | st.tuples(*[margins] * (2 * rank))
        return st.fixed_dictionaries({"amount": around, **arguments})

    return from_shape(others, of)


def sized_as(x: Shape, name: str, **arguments: st.SearchStrategy) -> st.SearchStrategy:
    each = few | st.tuples(*[few] * (len(x) - 1))
    return st.fixed_dictionaries({name: each, **arguments})


def by_word(**arguments: st.SearchStrategy) -> Any:
    def of(x: Shape) -> st.SearchStrategy:
        words = st.sampled_from(["channels", "positions", *WORDS[len(x)]])
        return st.fixed_dictionaries({"axis": words, **arguments})

    return from_shape(others, of)


kernels = {"kernel": windows, "dilation": windows, "bias": flags, "init": inits}
methods = st.sampled_from(["nearest", "bilinear"])

# The same of signals and clips.
OTHERS: dict[str, st.SearchStrategy[Case]] = {
    "conv": windowed(filters=True, causal=True, **kernels),
    "depthwise": windowed(causal=True, multiplier=few, **kernels),
    "separable": windowed(filters=True, causal=True, multiplier=few, **kernels),
    "conv_transpose": windowed(filters=True, kernel=windows, bias=flags, init=inits),
    "max_pool": windowed(window=windows, ceil=flags),
    "avg_pool": windowed(window=windows, count_pad=flags, ceil=flags),
    "global_avg_pool": over(others, keep=flags),
    "global_max_pool": over(others, keep=flags),
    "adaptive_avg_pool": from_shape(others, lambda x: sized_as(x, "size")),
    "resize": from_shape(others, lambda x: sized_as(x, "size", method=methods)),
    "upsample": from_shape(others, lambda x: sized_as(x, "factor", method=methods)),
    "pad": bordered(mode=st.sampled_from(["zero", "reflect", "edge"])),
    "crop": bordered(),
    **dict.fromkeys(("reduce_mean", "reduce_max", "reduce_sum", "softmax"), by_word()),
    "l2_normalize": by_word(eps=small),
    "bn": over(others, momentum=rates, eps=small, scale=flags, shift=flags),
    "layer_norm": over(others, eps=small),
    "group_norm": from_shape(
        others, lambda x: st.fixed_dictionaries({"groups": divisor(x), "eps": small})
    ),
    "instance_norm": over(others, eps=small, scale=flags, shift=flags),
    "rms_norm": over(others, eps=small),
    "grn": over(others, eps=small),
    "lrn": over(others, size=st.integers(1, 7), alpha=numbers, beta=numbers, k=numbers),
    **dict.fromkeys(("relu", "prelu", "flatten", "glu"), over(others)),
    "reshape": from_shape(others | maps, reshapes),
    "channels": from_shape(others, slices),
    "pad_channels": from_shape(
        others, lambda x: st.integers(x[-1], x[-1] + 4).map(lambda total: {"total": total})
    ),
    "shuffle": from_shape(others, lambda x: divisor(x).map(lambda groups: {"groups": groups})),
    "dropout": over(others, rate=rates),
    "drop_path": over(others, rate=rates),
    "layer_scale": over(others, init=numbers),
    "normalize": from_shape(others, per_channel),
}
FLAT = {"dense", "rbf"}
PLANE = {"subsample", "transpose", "pixel_shuffle", "space_to_depth"}

# Those with enough arguments that a few cases would miss their combinations.
WINDOWED = {
    "conv",
    "depthwise",
    "separable",
    "conv_transpose",
    "max_pool",
    "avg_pool",
    "crop",
}


def test_every_op_has_code_and_a_law():
    assert set(CASES) == {*OPS, *SOURCES} == set(EMITTERS)
    assert {op.name for op in OPS.values() if op.ranks == (0,)} == FLAT
    assert {op.name for op in OPS.values() if op.ranks == (2,)} == PLANE
    assert set(OTHERS) <= set(OPS) - FLAT - PLANE


@pytest.mark.parametrize("name", CASES)
def test_jax_agrees(name: str):
    agrees(name, CASES[name], 40 if name in WINDOWED else 4)


@pytest.mark.parametrize("name", OTHERS)
def test_jax_agrees_on_signals_and_clips(name: str):
    agrees(name, OTHERS[name], 12 if name in WINDOWED else 3)


def agrees(name: str, cases: st.SearchStrategy[Case], examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases,
        spell=spells,
        rectified=flags,
        dtype=dtypes,
        frozen=flags,
        weight=weightings,
    )
    def law(
        case: Case, spell: Spell, rectified: bool, dtype: Any, frozen: bool, weight: str | None
    ) -> None:
        arguments, x = case
        taken = {**OPS, **SOURCES}[name].arguments()
        if "frozen" in taken:
            arguments = {**arguments, "frozen": frozen}
        if "weight" in taken and "connect" not in arguments:
            arguments = {**arguments, "weight": weight}
        op = {**OPS, **SOURCES}[name].make(arguments, len(x) - 1)
        try:
            shape = op.output(x)
        except Reject:
            assume(False)
        check(op, x, shape, module(op, x, spell, rectified), dtype)

    law()


def check(op: Op, x: Shape, shape: Shape, net: type[nnx.Module], dtype: Any) -> None:
    """Shapes, counts and the dtype of `op`, in JAX's own account of `net`."""
    graph, state = nnx.split(nnx.eval_shape(lambda: net(dtype=dtype, rngs=nnx.Rngs(0))))

    def forward(state: nnx.State, images: jax.Array) -> jax.Array:
        return nnx.merge(graph, state)(images)

    traced = jax.make_jaxpr(forward)(state, jax.ShapeDtypeStruct((BATCH, *x), dtype))
    (result,) = traced.out_avals
    assert result.shape == (BATCH, *shape)
    assert result.dtype == dtype
    is_frozen = isinstance(op, Weighted) and op.frozen
    held = sorted(op.params(x).values())
    assert shapes_of(state, "Param") == ([] if is_frozen else held)
    assert shapes_of(state, "Frozen") == (held if is_frozen else [])
    assert shapes_of(state, "BatchStat") == sorted(op.state(x).values())
    # jax interpolates by a matrix product, no layer; what a kernel goes through is for no image.
    if op.name not in ("upsample", "resize") and getattr(op, "weight", None) != "spectral":
        counted = multiplications(traced.jaxpr, transposed=op.name == "conv_transpose")
        assert counted == BATCH * dense_macs(op, x)


def dense_macs(op: Op, x: Shape) -> int:
    """The cost of what is computed: a sparse kernel is scattered into a dense one."""
    if op.name != "conv" or op.connect is None:
        return op.macs(x)
    connections = sum(map(len, op.connect))
    return op.macs(x) // connections * x[-1] * op.filters


def shapes_of(state: nnx.State, kind: str) -> list[Shape]:
    """Those of the variables whose type has a name."""
    held = [held for _, held in nnx.to_flat_state(state) if type(held).__name__ == kind]
    variables = [variable.get_value() for variable in held]
    assert all(variable.dtype == jnp.float32 for variable in variables)
    return sorted(variable.shape for variable in variables)


def multiplications(jaxpr: Any, *, transposed: bool) -> int:
    """Multiply-accumulates of the convolutions and matrix products in a jaxpr.

    A transposed convolution counts the positions of its input, before it is stretched.
    """
    count = 0
    for equation in jaxpr.eqns:
        if equation.primitive.name == "conv_general_dilated":
            count += _convolution(equation, transposed)
        elif equation.primitive.name == "dot_general":
            count += _product(equation)
        for inner in jaxprs_in_params(equation.params):
            count += multiplications(inner, transposed=transposed)
    return count


def _convolution(equation: Any, transposed: bool) -> int:
    image, kernel = (variable.aval.shape for variable in equation.invars)
    layout = equation.params["dimension_numbers"]
    result = equation.outvars[0].aval.shape
    shape, axes = (image, layout.lhs_spec) if transposed else (result, layout.out_spec)
    return BATCH * prod(shape[axis] for axis in axes[2:]) * prod(kernel)


def _product(equation: Any) -> int:
    (contracted, _), _ = equation.params["dimension_numbers"]
    depth = prod(equation.invars[0].aval.shape[i] for i in contracted)
    return prod(equation.outvars[0].aval.shape) * depth
