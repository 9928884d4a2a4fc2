"""What the functions that modules carry do to symbolic tensors."""

from __future__ import annotations

from cnndsl.targets.flax.signature import Signature, extents, integer, number, pair, sizes
from cnndsl.targets.flax.symbolic import Tensor, axes_of, tensor
from cnndsl.targets.flax.symbolic_functions import TensorFunction, plain_tuple, pooled
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.values import External, Failure, described


def _local_response_norm(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.pointwise(
        "lrn",
        x.term,
        size=integer(given["size"], "size"),
        **{name: number(given[name], name) for name in ("alpha", "beta", "k")},
    )


def _pad_channels(x: Tensor, given: dict[str, object]) -> Term:
    margin = (0, integer(given["total"], "total") - x.term.shape[-1])
    return x.forms.pad(x.term, (*((0, 0),) * (len(x.term.shape) - 1), margin))


def _upsample(x: Tensor, given: dict[str, object]) -> Term:
    if given["method"] not in ("nearest", "bilinear"):
        raise Failure(f"the method is {described(given['method'])}")
    factor = sizes(given["factor"], "the factor")
    return x.forms.upsample(x.term, factor, str(given["method"]))


def _rbf(x: Tensor, given: dict[str, object]) -> Term:
    codes = given["codes"]
    if not isinstance(codes, tuple):
        raise Failure(f"the codes are {described(codes)}")
    return x.forms.rbf(
        x.term, tuple(tuple(number(n, "a code") for n in plain_tuple(code)) for code in codes)
    )


def _constants(value: object) -> object:
    """One number, or one per channel."""
    if isinstance(value, tuple):
        return tuple(number(item, "a constant") for item in value)
    return number(value, "a constant")


def _normalize(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.normalize(x.term, _constants(given["mean"]), _constants(given["std"]))


def _l2_normalize(x: Tensor, given: dict[str, object]) -> Term:
    axes, epsilon = axes_of(given["axis"], x), number(given["epsilon"], "epsilon")
    return x.forms.along("l2 normalize", x.term, axes, epsilon=epsilon)


def _resize(x: Tensor, given: dict[str, object]) -> Term:
    if given["method"] not in ("nearest", "bilinear"):
        raise Failure(f"the method is {described(given['method'])}")
    return x.forms.resize(x.term, sizes(given["size"], "the size"), str(given["method"]))


def _transpose(x: Tensor, given: dict[str, object]) -> Term:
    size = given["size"]
    return x.forms.transpose(x.term, None if size is None else pair(size, "the size"))


def _matmul(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.matmul(x.term, tensor(given["y"], "`matmul`").term)


def _fixed(x: Tensor, given: dict[str, object]) -> Term:
    """One number with a shape, or a vector, or rows of positions of channels."""
    values, shape = given["values"], given["shape"]
    if not isinstance(values, tuple):
        return x.forms.fixed(float(number(values, "a value")), extents(shape, "the shape"))
    if shape is not None:
        raise Failure(f"values of the shape {described(shape)}")
    if not any(isinstance(row, tuple) for row in values):
        vector = tuple([float(number(value, "a value")) for value in values])
        return x.forms.fixed(vector, (len(vector),))
    rows = tuple(
        [
            tuple([tuple([float(number(n, "a value")) for n in plain_tuple(p)]) for p in row])
            for row in map(plain_tuple, values)
        ]
    )
    if len({(len(row), len(position)) for row in rows for position in row}) != 1:
        raise Failure("values in rows of several lengths")
    return x.forms.fixed(rows, (len(rows), len(rows[0]), len(rows[0][0])))


_LRN: dict[str, object] = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}

# By their fragments' names.
HELPER_FUNCTIONS: dict[str, External] = {
    "normalize": TensorFunction(Signature("normalize", ("x", "mean", "std")), _normalize),
    "local_response_norm": TensorFunction(
        Signature("local_response_norm", ("x",), _LRN), _local_response_norm
    ),
    "scaled_tanh": TensorFunction(
        Signature("scaled_tanh", ("x",)), lambda x, a: x.forms.pointwise("scaled_tanh", x.term)
    ),
    "avg_pool": TensorFunction(
        Signature("avg_pool", ("x", "window_shape"), {"strides": (1, 1), "padding": "SAME"}),
        pooled("avg_pool", False),
    ),
    "avg_pool_nd": TensorFunction(
        Signature("avg_pool_nd", ("x", "window_shape", "strides"), {"padding": "SAME"}),
        pooled("avg_pool", False),
    ),
    "l2_normalize": TensorFunction(
        Signature("l2_normalize", ("x",), {"axis": -1, "epsilon": 1e-12}), _l2_normalize
    ),
    "mish": TensorFunction(
        Signature("mish", ("x",)), lambda x, a: x.forms.pointwise("mish", x.term)
    ),
    "adaptive_avg_pool": TensorFunction(
        Signature("adaptive_avg_pool", ("x", "size")),
        lambda x, given: x.forms.adaptive_avg_pool(x.term, sizes(given["size"], "the size")),
    ),
    "adaptive_avg_pool_nd": TensorFunction(
        Signature("adaptive_avg_pool_nd", ("x", "size")),
        lambda x, given: x.forms.adaptive_avg_pool(x.term, sizes(given["size"], "the size")),
    ),
    **{
        name: TensorFunction(Signature(name, ("x", "size"), {"method": "bilinear"}), _resize)
        for name in ("resize", "resize_nd")
    },
    "pixel_shuffle": TensorFunction(
        Signature("pixel_shuffle", ("x", "factor")),
        lambda x, given: x.forms.pixel_shuffle(x.term, integer(given["factor"], "the factor")),
    ),
    "space_to_depth": TensorFunction(
        Signature("space_to_depth", ("x", "factor")),
        lambda x, given: x.forms.space_to_depth(x.term, integer(given["factor"], "the factor")),
    ),
    "transpose": TensorFunction(Signature("transpose", ("x",), {"size": None}), _transpose),
    "matmul": TensorFunction(Signature("matmul", ("x", "y")), _matmul),
    "pad_channels": TensorFunction(Signature("pad_channels", ("x", "total")), _pad_channels),
    "channel_shuffle": TensorFunction(
        Signature("channel_shuffle", ("x", "groups")),
        lambda x, given: x.forms.shuffle(x.term, integer(given["groups"], "groups")),
    ),
    **{
        name: TensorFunction(Signature(name, ("x", "factor"), {"method": "nearest"}), _upsample)
        for name in ("upsample", "upsample_nd")
    },
    "fixed": TensorFunction(Signature("fixed", ("x", "values"), {"shape": None}), _fixed),
    "rbf": TensorFunction(Signature("rbf", ("x", "codes")), _rbf),
}
