"""What jax.numpy, the functions of flax and those that modules carry do to symbolic tensors.

Signatures are those of the real functions; what no generated module uses is an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from cnndsl.targets.flax.signature import (
    Signature,
    flag,
    integer,
    number,
    pair,
    sizes,
    window_padding,
)
from cnndsl.targets.flax.symbolic import BATCH, Tensor, Token, axes_of, reduced, tensor
from cnndsl.targets.flax.terms import Term
from cnndsl.targets.python.library import Function, Library
from cnndsl.targets.python.values import External, Failure, described

Apply = Callable[[Tensor, dict[str, object]], Term]


class TensorFunction(External):
    """A function of a tensor, its first argument."""

    is_constant = True

    def __init__(self, signature: Signature, apply: Apply):
        self.signature = signature
        self.apply = apply

    def describe(self) -> str:
        return f"`{self.signature.name}`"

    def call(self, args: list[object], keywords: dict[str, object]) -> object:
        given = self.signature.bound(args, keywords)
        x = tensor(given[self.signature.required[0]], self.describe())
        return x.made(self.apply(x, given))


def _pointwise(name: str, op: str) -> TensorFunction:
    return TensorFunction(
        Signature(f"nnx.{name}", ("x",)), lambda x, a: x.forms.pointwise(op, x.term)
    )


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
    return x.forms.along("softmax", x.term, axes_of(given["axis"], x))


def _celu(x: Tensor, given: dict[str, object]) -> Term:
    return x.forms.pointwise("celu", x.term, alpha=number(given["alpha"], "alpha"))


def _glu(x: Tensor, given: dict[str, object]) -> Term:
    if axes_of(given["axis"], x) != (len(x.term.shape) - 1,):
        raise Failure("a gated linear unit along what are not the channels")
    return x.forms.glu(x.term)


def pooled(op: str, counts: bool | None = None) -> Apply:
    """A pool; whether its padding counts is said by the call where `counts` is None."""

    def apply(x: Tensor, given: dict[str, object]) -> Term:
        window = sizes(plain_tuple(given["window_shape"]), "the window")
        strides = given["strides"] or (1,) * len(window)
        counted = given["count_include_pad"] if counts is None else counts
        return x.forms.pool(
            op,
            x.term,
            window,
            sizes(plain_tuple(strides), "the strides", len(window)),
            window_padding(given["padding"], len(window)),
            flag(counted, "count_include_pad"),
        )

    return apply


def plain_tuple(value: object) -> tuple[object, ...]:
    if not isinstance(value, tuple):
        raise Failure(f"a window is {described(value)}, no pair")
    return value


LAX = Library("jax.lax", {"max": Token("jax.lax.max"), "add": Token("jax.lax.add")})
_REDUCE = Signature(
    "nnx.pool",
    ("inputs", "init", "reduce_fn", "window_shape"),
    {"strides": None, "padding": "VALID"},
)


def _reduced(args: list[object], keywords: dict[str, object]) -> object:
    """`nnx.pool(x, -jnp.inf, jax.lax.max, …)`: flax's own pools type their padding as text."""
    given = _REDUCE.bound(args, keywords)
    if given["init"] != -math.inf or given["reduce_fn"] is not LAX.members["max"]:
        raise Failure("`nnx.pool` of anything but the largest value")
    x = tensor(given["inputs"], "`nnx.pool`")
    return x.made(pooled("max_pool", False)(x, given))


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
    "leaky_relu": TensorFunction(
        Signature("nnx.leaky_relu", ("x",), {"negative_slope": 0.01}), _leaky_relu
    ),
    "elu": TensorFunction(Signature("nnx.elu", ("x",), {"alpha": 1.0}), _elu),
    "gelu": TensorFunction(Signature("nnx.gelu", ("x",), {"approximate": True}), _gelu),
    "celu": TensorFunction(Signature("nnx.celu", ("x",), {"alpha": 1.0}), _celu),
    "glu": TensorFunction(Signature("nnx.glu", ("x",), {"axis": -1}), _glu),
    "softmax": TensorFunction(Signature("nnx.softmax", ("x",), {"axis": -1}), _softmax),
    "max_pool": TensorFunction(
        Signature("nnx.max_pool", ("inputs", "window_shape"), _POOL), pooled("max_pool", False)
    ),
    "pool": Function("nnx.pool", _reduced),
    "avg_pool": TensorFunction(
        Signature("nnx.avg_pool", ("inputs", "window_shape"), {**_POOL, "count_include_pad": True}),
        pooled("avg_pool"),
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
    mode = given["mode"]
    if mode not in ("constant", "reflect", "edge"):
        raise Failure(f"a padding by {described(mode)}")
    return x.forms.pad(x.term, tuple(rest), str(mode))


def _reduction(name: str) -> TensorFunction:
    signature = Signature(f"jnp.{name}", ("a",), {"axis": None}, {"keepdims": False})
    return TensorFunction(signature, lambda x, given: reduced(name, x, given).term)


def _of_values(name: str) -> TensorFunction:
    signature = Signature(f"jnp.{name}", ("x",))
    return TensorFunction(signature, lambda x, given: x.forms.pointwise(name, x.term))


def _clip(args: list[object], keywords: dict[str, object]) -> object:
    """`jnp.clip(x, low, high)`, whose limits may also be missing in jax."""
    given = Signature("jnp.clip", ("arr", "min", "max")).bound(args, keywords)
    low, high = number(given["min"], "the least value"), number(given["max"], "the largest value")
    x = tensor(given["arr"], "`jnp.clip`")
    return x.made(x.forms.pointwise("clip", x.term, low=low, high=high))


def _of_two(name: str, op: str = "") -> Function:
    """A ufunc of two tensors, which has no signature; `op` is what merges call it."""

    def run(args: list[object], keywords: dict[str, object]) -> object:
        given = Signature(f"jnp.{name}", ("x", "y")).bound(args, keywords)
        x, y = (tensor(value, f"`jnp.{name}`") for value in given.values())
        return x.made(x.forms.join(op or name, x.term, y.term))

    return Function(f"jnp.{name}", run)


def _broadcast_to(x: Tensor, given: dict[str, object]) -> Term:
    shape = given["shape"]
    if not isinstance(shape, tuple) or not shape or shape[0] is not BATCH:
        raise Failure(f"a tensor expanded to {described(shape)}")
    return x.forms.expand(x.term, tuple(integer(extent, "an extent") for extent in shape[1:]))


_SPLIT = Signature("jnp.split", ("ary", "indices_or_sections"), {"axis": 0})


def _split(args: list[object], keywords: dict[str, object]) -> object:
    given = _SPLIT.bound(args, keywords)
    x = tensor(given["ary"], "`jnp.split`")
    count, channels = integer(given["indices_or_sections"], "the groups"), x.term.shape[-1]
    if given["axis"] not in (-1, len(x.term.shape)) or count < 1 or channels % count:
        raise Failure(f"a split of {x.describe()} that is not into equal groups of channels")
    size = channels // count
    return [x.item((..., slice(i * size, (i + 1) * size, None))) for i in range(count)]


JNP_FUNCTIONS: dict[str, External] = {
    "concatenate": Function("jnp.concatenate", _concatenate),
    "pad": TensorFunction(Signature("jnp.pad", ("array", "pad_width"), {"mode": "constant"}), _pad),
    "mean": _reduction("mean"),
    "max": _reduction("max"),
    "sum": _reduction("sum"),
    **{name: _of_values(name) for name in ("abs", "square", "sqrt", "exp", "log")},
    "clip": Function("jnp.clip", _clip),
    "split": Function("jnp.split", _split),
    "add": _of_two("add"),
    "multiply": _of_two("multiply", "mul"),
    "maximum": _of_two("maximum"),
    "minimum": _of_two("minimum"),
    "broadcast_to": TensorFunction(
        Signature("jnp.broadcast_to", ("array", "shape")), _broadcast_to
    ),
}
