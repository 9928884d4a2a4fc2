"""flax and jax as an interpreted module imports them."""

from __future__ import annotations

import math
from collections.abc import Callable

from cnndsl.targets.flax.signature import Signature, flag, number
from cnndsl.targets.flax.symbolic import DTYPE, PARAM_DTYPE, Token
from cnndsl.targets.flax.symbolic_carried import HELPER_FUNCTIONS
from cnndsl.targets.flax.symbolic_containers import ModuleBase, dict_of, list_type, sequential_of
from cnndsl.targets.flax.symbolic_functions import (
    JNP_FUNCTIONS,
    LAX,
    NNX_FUNCTIONS,
)
from cnndsl.targets.flax.symbolic_kinds import HELPER_KINDS, KINDS
from cnndsl.targets.flax.symbolic_layers import KEEP_FLOAT32, STANDARDIZED
from cnndsl.targets.flax.symbolic_modules import Built, Given, Initialiser, Layer, LayerType
from cnndsl.targets.flax.terms import described
from cnndsl.targets.python.library import Function, Library
from cnndsl.targets.python.values import Budget, External, Failure
from cnndsl.targets.python.values import described as described_value

# Several names of one initialiser, and the functions that are initialisers themselves.
FACTORIES = {
    **{
        name: name
        for name in (
            *("he_normal", "he_uniform", "glorot_normal", "glorot_uniform", "lecun_normal"),
            *("lecun_uniform", "normal", "truncated_normal", "uniform", "orthogonal"),
        )
    },
    "kaiming_normal": "he_normal",
    "kaiming_uniform": "he_uniform",
    "xavier_normal": "glorot_normal",
    "xavier_uniform": "glorot_uniform",
    "zeros_init": "zeros",
    "ones_init": "ones",
}


def _initialisers() -> Library:
    members: dict[str, object] = {"zeros": Initialiser("zeros"), "ones": Initialiser("ones")}
    for name, initialiser in FACTORIES.items():
        members[name] = Function(f"nnx.initializers.{name}", _factory(name, initialiser))
    members["constant"] = Function("nnx.initializers.constant", _constant)
    members["variance_scaling"] = Function("nnx.initializers.variance_scaling", _variance_scaling)
    return Library("nnx.initializers", members)


def _factory(name: str, initialiser: str) -> Callable[[list[object], Given], object]:
    defaults = _DEFAULTS.get(initialiser, {})
    signature = Signature(f"nnx.initializers.{name}", (), dict(defaults))

    def run(args: list[object], keywords: Given) -> object:
        given = signature.bound(args, keywords)
        if given == defaults:
            return Initialiser(initialiser)
        numbers = tuple(float(number(value, n)) for n, value in given.items())
        return Initialiser(described(initialiser, numbers))

    return run


# The numbers that initialisers take, with their defaults; `test_initialisers_are_jaxs` has jax's.
_DEFAULTS: dict[str, dict[str, object]] = {
    "normal": {"stddev": 0.01},
    "truncated_normal": {"stddev": 0.01},
    "uniform": {"scale": 0.01},
    "orthogonal": {"scale": 1.0},
}


def _constant(args: list[object], keywords: Given) -> object:
    given = Signature("nnx.initializers.constant", ("value",)).bound(args, keywords)
    value = float(number(given["value"], "the constant"))
    known = {0.0: "zeros", 1.0: "ones"}
    return Initialiser(known.get(value) or described("constant", (value,)))


def _variance_scaling(args: list[object], keywords: Given) -> object:
    names = ("scale", "mode", "distribution")
    given = Signature("nnx.initializers.variance_scaling", names).bound(args, keywords)
    scale = float(number(given["scale"], "the scale"))
    words = (given["mode"], given["distribution"])
    if not all(isinstance(word, str) for word in words):
        raise Failure(f"a variance that is scaled by {words}")
    return Initialiser(described("variance_scaling", (scale, *words)))


class Flax:
    """flax and jax for one run of a module; `built` are the layers in order."""

    def __init__(self, budget: Budget):
        self.budget = budget
        self.built: list[Built] = []
        # The models whose layers got their dtypes, and how many layers there were by then.
        self.cast_models: list[tuple[object, int]] = []
        self.module = ModuleBase()
        nnx = Library(
            "nnx",
            {
                **NNX_FUNCTIONS,
                **{name: LayerType(kind, self.built) for name, kind in KINDS.items()},
                "Module": self.module,
                "Rngs": Token("nnx.Rngs"),
                "Initializer": Token("nnx.Initializer"),
                "initializers": _initialisers(),
                "List": list_type(budget),
                "Dict": Function("nnx.Dict", dict_of),
                "Sequential": Function("nnx.Sequential", sequential_of),
            },
        )
        jnp = Library(
            "jax.numpy", {**JNP_FUNCTIONS, "float32": Token("jnp.float32"), "inf": math.inf}
        )
        self.imports: dict[tuple[str, str | None], External] = {
            ("flax", "nnx"): nnx,
            ("jax.numpy", None): jnp,
            ("jax", None): Library("jax", {"Array": Token("jax.Array"), "numpy": jnp, "lax": LAX}),
            ("jax.typing", "DTypeLike"): Token("DTypeLike"),
            ("flax.typing", "TupleArg"): Token("TupleArg"),
            ("collections.abc", "Callable"): Token("Callable"),
            ("typing", "Any"): Token("Any"),
            ("flax.nnx.nn.dtypes", "promote_dtype"): Token("promote_dtype"),
        }
        self.helpers: dict[str, External] = {
            **HELPER_FUNCTIONS,
            **{name: LayerType(kind, self.built) for name, kind in HELPER_KINDS.items()},
            "cast": Function("cast", self.cast),
            "cast_frozen": Function("cast", self.cast),
            "frozen": Token("Frozen"),
            "freeze": Function("freeze", freeze),
            "standardized": STANDARDIZED,
            "weight_norm": _holder("WeightNorm", "normalized"),
            "scaled_weight": _holder("ScaledWeight", "scaled"),
            "spectral_norm": _holder("SpectralNorm", "spectral"),
            "stateless": Function("stateless", stateless),
            "as_pair": Function("as_pair", as_pair),
            "keep_float32": KEEP_FLOAT32,
            "he_normal": Initialiser("he_normal"),
            "dirac": Initialiser("dirac"),
        }

    def cast(self, args: list[object], keywords: Given) -> object:
        """`cast(self, dtype, param_dtype)`, the last line of a model's constructor."""
        if keywords or len(args) != 3 or args[1] is not DTYPE or args[2] is not PARAM_DTYPE:
            raise Failure("`cast` takes a model, and the dtypes that it got")
        self.cast_models.append((args[0], len(self.built)))
        return None


def as_pair(args: list[object], keywords: Given) -> object:
    """`as_pair(kernel)`: both sides of a window that may be one number."""
    if keywords or len(args) != 1:
        raise Failure("`as_pair` takes one argument")
    (size,) = args
    return size if isinstance(size, tuple) else (size, size)


def freeze(args: list[object], keywords: Given) -> object:
    """`freeze(nnx.Conv(…))`: the same layer, whose parameters do not learn."""
    given = Signature("freeze", ("layer",), {"when": True}).bound(args, keywords)
    layer = given["layer"]
    if not isinstance(layer, Layer):
        raise Failure(f"`freeze` of {described_value(layer)}")
    if flag(given["when"], "when"):
        layer.mark(frozen=True)
    return layer


def _holder(name: str, weight: str) -> Function:
    """`WeightNorm(nnx.Conv(…))`: the same layer, whose kernel goes through something."""

    def run(args: list[object], keywords: Given) -> object:
        layer = Signature(name, ("layer",)).bound(args, keywords)["layer"]
        if not isinstance(layer, Layer):
            raise Failure(f"`{name}` of {described_value(layer)}")
        layer.mark(weight=weight)
        return layer

    return Function(name, run)


def stateless(args: list[object], keywords: Given) -> object:
    """`stateless(nnx.relu)`: what gives that function, whatever it gets."""
    given = Signature("stateless", ("function",)).bound(args, keywords)
    return Function("stateless(…)", lambda args, keywords: given["function"])
