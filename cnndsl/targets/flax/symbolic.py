"""Symbolic tensors, and what jax.numpy and the functions of flax do to them.

Signatures are those of the real functions; what no generated module uses is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from cnndsl.targets.flax.forms import Forms, Padding
from cnndsl.targets.flax.signature import Signature, flag, integer, number, pair, pairs
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.library import Function
from cnndsl.targets.python.values import External, Failure, described


class Token(External):
    """What is only handed on: random numbers, dtypes, types for annotations."""

    def __init__(self, name: str):
        self.name = name

    def describe(self) -> str:
        return f"`{self.name}`"


BATCH = Token("the number of images")
RNGS = Token("rngs")
DTYPE = Token("dtype")
PARAM_DTYPE = Token("param_dtype")


class Tensor(External):
    """A batch of what `term` describes: shape (N, *term.shape)."""

    __slots__ = ("forms", "term")

    def __init__(self, term: Term, forms: Forms):
        self.term = term
        self.forms = forms

    def describe(self) -> str:
        return f"a tensor (N, {', '.join(map(str, self.term.shape))})"

    def made(self, term: Term) -> Tensor:
        return Tensor(term, self.forms)

    def is_true(self) -> bool:
        raise Failure("a condition on the values of a tensor")

    def attribute(self, name: str) -> object:
        match name:
            case "shape":
                return (BATCH, *self.term.shape)
            case "ndim":
                return 1 + len(self.term.shape)
            case "dtype":
                return DTYPE
            case "mean" | "max":
                return Function(f".{name}", self.over_map(name))
            case "reshape":
                return Function(".reshape", self.reshape)
            case "astype":
                return Function(".astype", self.astype)
        return super().attribute(name)

    def over_map(self, name: str) -> Callable[[list[object], dict[str, object]], object]:
        def run(args: list[object], keywords: dict[str, object]) -> object:
            return _over_map(name, self, _REDUCE.bound(args, keywords))

        return run

    def reshape(self, args: list[object], keywords: dict[str, object]) -> object:
        """`x.reshape(x.shape[0], -1)`: the batch stays in front."""
        if keywords:
            raise Failure("`.reshape` takes no keywords")
        whole = args[0] if len(args) == 1 else None
        first, *rest = (whole if isinstance(whole, tuple) else tuple(args)) or (None,)
        extents = [integer(extent, "an extent", -1) for extent in rest]
        if first is not BATCH and (first != -1 or -1 in extents):
            raise Failure("a reshape that does not keep the images apart")
        if extents.count(-1) > 1 or not extents:
            raise Failure(f"a reshape to {described(tuple(rest))}")
        if -1 in extents:
            known = prod(extent for extent in extents if extent != -1)
            extents[extents.index(-1)] = prod(self.term.shape) // known if known else 0
        return self.made(self.forms.reshape(self.term, tuple(extents)))

    def astype(self, args: list[object], keywords: dict[str, object]) -> object:
        if keywords or len(args) != 1 or args[0] is not DTYPE:
            raise Failure("a conversion to another dtype")
        return self

    def item(self, index: object) -> object:
        """Slices of axes behind the batch, which has to stay whole."""
        parts = list(index) if isinstance(index, tuple) else [index]
        axes = 1 + len(self.term.shape)
        if ... in parts:
            at = parts.index(...)
            parts[at : at + 1] = [slice(None)] * (axes - len(parts) + 1)
        if len(parts) > axes or not all(isinstance(part, slice) for part in parts):
            raise Failure(f"{described(index)} is no slice of {self.describe()}")
        first, *rest = [part for part in parts if isinstance(part, slice)]
        if first != slice(None):
            raise Failure("a slice of the images")
        spans = []
        for part, extent in zip(rest, self.term.shape, strict=False):
            start, stop, step = part.indices(extent)
            if step < 1:
                raise Failure("a slice that runs backwards")
            spans.append((start, stop, step))
        return self.made(self.forms.slice(self.term, tuple(spans)))

    def binary(self, op: str, other: object, swapped: bool) -> object:
        match op, other:
            case "+" | "*", Tensor():
                pair = (other.term, self.term) if swapped else (self.term, other.term)
                return self.made(self.forms.join("add" if op == "+" else "mul", *pair))
            case "*", int() | float():
                return self.made(self.forms.times(self.term, number(other, "a factor")))
            case "+", int() | float():
                return self.made(self.forms.plus(self.term, number(other, "a term")))
            case "-", int() | float() if not swapped:
                return self.made(self.forms.plus(self.term, -number(other, "a term")))
        raise Failure(f"`{op}` of {self.describe()} and {described(other)}")


_REDUCE = Signature(".mean", (), {"axis": None}, {"keepdims": False})


def tensor(value: object, what: str) -> Tensor:
    if not isinstance(value, Tensor):
        raise Failure(f"{what} gets {described(value)}, no tensor")
    return value


def _over_map(name: str, x: Tensor, given: dict[str, object]) -> Tensor:
    if given["axis"] not in ((1, 2), [1, 2]) or len(x.term.shape) != 3:
        raise Failure(f"the {name} of {x.describe()} over {described(given['axis'])}")
    keep = flag(given["keepdims"], "keepdims")
    return x.made(x.forms.over_map(name, x.term, keep))


# --- functions ------------------------------------------------------------------------

Apply = Callable[[Tensor, dict[str, object]], Term]


def function(signature: Signature, apply: Apply) -> Function:
    """A function of a tensor, its first argument."""
    first = signature.required[0]

    def run(args: list[object], keywords: dict[str, object]) -> object:
        given = signature.bound(args, keywords)
        x = tensor(given[first], f"`{signature.name}`")
        return x.made(apply(x, given))

    return Function(signature.name, run)


def _pointwise(name: str, op: str) -> Function:
    return function(Signature(f"nnx.{name}", ("x",)), lambda x, a: x.forms.pointwise(op, x.term))


def _identity(args: list[object], keywords: dict[str, object]) -> object:
    if keywords or len(args) != 1:
        raise Failure("`nnx.identity` takes one argument")
    return tensor(args[0], "`nnx.identity`")


def _leaky_relu(x: Tensor, given: dict[str, object]) -> Term:
    slope = number(given["negative_slope"], "negative_slope")
    return x.forms.pointwise("leaky_relu", x.term, slope=slope)


def _elu(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.pointwise("elu", x.term, alpha=number(given["alpha"], "alpha"))


def _gelu(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.pointwise("gelu", x.term, approximate=flag(given["approximate"], "approximate"))


def _softmax(x: Tensor, given: dict[str, object]) -> Term:
    if given["axis"] not in (-1, len(x.term.shape)):
        raise Failure("a softmax over what are not the channels")
    return x.forms.pointwise("softmax", x.term, axis="channels")


def window_padding(value: object) -> Padding:
    """The padding of a pool, and of what hands its padding to lax as it is."""
    if isinstance(value, str) and value.upper() in ("SAME", "VALID"):
        return value.upper()
    return pairs(value, "the padding")


def _pool(op: str, counts: bool | None = None) -> Apply:
    """A pool; whether its padding counts is said by the call where `counts` is None."""

    def apply(x: Tensor, given: dict[str, object]) -> Term:
        window = pair(_tuple(given["window_shape"]), "the window")
        strides = given["strides"] or (1, 1)
        counted = given["count_include_pad"] if counts is None else counts
        return x.forms.pool(
            op,
            x.term,
            window,
            pair(_tuple(strides), "the strides"),
            window_padding(given["padding"]),
            flag(counted, "count_include_pad"),
        )

    return apply


def _tuple(value: object) -> tuple[object, ...]:
    if not isinstance(value, tuple):
        raise Failure(f"a window is {described(value)}, no pair")
    return value


_POOL: dict[str, object] = {"strides": None, "padding": "VALID"}

NNX_FUNCTIONS: dict[str, External] = {
    **{
        name: _pointwise(name, name)
        for name in (
            *("relu", "relu6", "selu", "swish", "sigmoid", "hard_sigmoid", "hard_swish"),
            *("tanh", "softplus"),
        )
    },
    "silu": _pointwise("silu", "swish"),
    "hard_silu": _pointwise("hard_silu", "hard_swish"),
    "identity": Function("nnx.identity", _identity),
    "leaky_relu": function(
        Signature("nnx.leaky_relu", ("x",), {"negative_slope": 0.01}), _leaky_relu
    ),
    "elu": function(Signature("nnx.elu", ("x",), {"alpha": 1.0}), _elu),
    "gelu": function(Signature("nnx.gelu", ("x",), {"approximate": True}), _gelu),
    "softmax": function(Signature("nnx.softmax", ("x",), {"axis": -1}), _softmax),
    "max_pool": function(
        Signature("nnx.max_pool", ("inputs", "window_shape"), _POOL), _pool("max_pool", False)
    ),
    "avg_pool": function(
        Signature("nnx.avg_pool", ("inputs", "window_shape"), {**_POOL, "count_include_pad": True}),
        _pool("avg_pool"),
    ),
}


# --- jax.numpy ------------------------------------------------------------------------

_CONCATENATE = Signature("jnp.concatenate", ("arrays",), {"axis": 0})


def _concatenate(args: list[object], keywords: dict[str, object]) -> object:
    given = _CONCATENATE.bound(args, keywords)
    arrays = given["arrays"]
    if not isinstance(arrays, list | tuple) or not arrays:
        raise Failure(f"`jnp.concatenate` of {described(arrays)}")
    parts = [tensor(part, "`jnp.concatenate`") for part in arrays]
    if given["axis"] not in (-1, len(parts[0].term.shape)):
        raise Failure("a concatenation along what are not the channels")
    return parts[0].made(parts[0].forms.concat(tuple(part.term for part in parts)))


def _pad(x: Tensor, given: dict[str, object]) -> Term:
    width = given["pad_width"]
    if not isinstance(width, list | tuple) or len(width) != 1 + len(x.term.shape):
        raise Failure(f"{described(width)} does not say how to pad {x.describe()}")
    first, *rest = [pair(sides, "a padding", 0) for sides in width]
    if first != (0, 0):
        raise Failure("a padding of the images")
    return x.forms.pad(x.term, tuple(rest))


def _reduction(name: str) -> Function:
    signature = Signature(f"jnp.{name}", ("a",), {"axis": None}, {"keepdims": False})
    return function(signature, lambda x, given: _over_map(name, x, given).term)


JNP_FUNCTIONS: dict[str, External] = {
    "concatenate": Function("jnp.concatenate", _concatenate),
    "pad": function(Signature("jnp.pad", ("array", "pad_width")), _pad),
    "mean": _reduction("mean"),
    "max": _reduction("max"),
}


# --- functions that modules carry -----------------------------------------------------


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
    factor = pair(given["factor"], "the factor")
    return x.forms.upsample(x.term, factor, str(given["method"]))


def _rbf(x: Tensor, given: dict[str, object]) -> Term:
    codes = given["codes"]
    if not isinstance(codes, tuple):
        raise Failure(f"the codes are {described(codes)}")
    return x.forms.rbf(
        x.term, tuple(tuple(number(n, "a code") for n in _tuple(code)) for code in codes)
    )


def _constants(value: object) -> object:
    """One number, or one per channel."""
    if isinstance(value, tuple):
        return tuple(number(item, "a constant") for item in value)
    return number(value, "a constant")


def _normalize(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.normalize(x.term, _constants(given["mean"]), _constants(given["std"]))


_LRN: dict[str, object] = {"size": 5, "alpha": 1e-4, "beta": 0.75, "k": 1.0}

# By their fragments' names.
HELPER_FUNCTIONS: dict[str, External] = {
    "normalize": function(Signature("normalize", ("x", "mean", "std")), _normalize),
    "local_response_norm": function(
        Signature("local_response_norm", ("x",), _LRN), _local_response_norm
    ),
    "scaled_tanh": function(
        Signature("scaled_tanh", ("x",)), lambda x, a: x.forms.pointwise("scaled_tanh", x.term)
    ),
    "avg_pool": function(
        Signature("avg_pool", ("x", "window_shape"), {"strides": (1, 1), "padding": "SAME"}),
        _pool("avg_pool", False),
    ),
    "pad_channels": function(Signature("pad_channels", ("x", "total")), _pad_channels),
    "channel_shuffle": function(
        Signature("channel_shuffle", ("x", "groups")),
        lambda x, given: x.forms.shuffle(x.term, integer(given["groups"], "groups")),
    ),
    "upsample": function(Signature("upsample", ("x", "factor"), {"method": "nearest"}), _upsample),
    "rbf": function(Signature("rbf", ("x", "codes")), _rbf),
}
